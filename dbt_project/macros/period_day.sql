{#- The day or span that a year of a measure means, in words, from the dictionary's rule of its year. -#}
{% macro period_day(year_basis, year) -%}
    case {{ year_basis }}
        when '31 March' then '31 March ' || {{ year }}
        when 'year ending 31 March' then 'year ending 31 March ' || {{ year }}
        when '30 September in the reporting year' then '30 September ' || ({{ year }} - 1)
        when 'mid-year before the reporting year' then '30 June ' || ({{ year }} - 1)
        when 'financial year' then 'financial year ' || ({{ year }} - 1) || '-' || right(cast({{ year }} as string), 2)
        when 'academic year; the 31 March on which the cohort is defined'
            then 'academic year ' || ({{ year }} - 1) || '/' || right(cast({{ year }} as string), 2)
        else cast({{ year }} as string)
    end
{%- endmacro %}
