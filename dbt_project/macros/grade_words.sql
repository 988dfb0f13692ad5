{#- A grade in words, as reports have worded them since 2013; the third was called adequate before. -#}
{% macro grade_words(column) -%}
    case {{ column }}
        when 1 then 'Outstanding'
        when 2 then 'Good'
        when 3 then 'Requires improvement'
        when 4 then 'Inadequate'
    end
{%- endmacro %}
