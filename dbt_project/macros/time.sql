{#- The reporting year of a date: the year ending 31 March that contains it. -#}
{% macro reporting_year(date) -%}
    cast(
        extract(year from {{ date }}) + case when extract(month from {{ date }}) >= 4 then 1 else 0 end as integer
    )
{%- endmacro %}


{#- Money of one year in the prices of another: the one place where anything is deflated. ``price_index`` and ``base`` are
    aliases of rows of int_time__price_index, for the year of the money and for the base year. -#}
{% macro real_terms(nominal, price_index, base) -%}
    ({{ nominal }} * {{ base }}.index_value / {{ price_index }}.index_value)
{%- endmacro %}
