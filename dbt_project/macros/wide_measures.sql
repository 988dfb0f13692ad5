{#- Figures by authority, year and measure as one column per measure, named and ordered as in fct_la_year. -#}
{% macro wide_measures(figures) -%}
with la_years as (

    select la_code, year, measure_id, value from {{ ref(figures) }}

),

final as (

    pivot la_years
    on measure_id in (
        {%- for column in model_columns('fct_la_year') if column not in ['la_code', 'year'] %}
        '{{ column }}'{{ ',' if not loop.last }}
        {%- endfor %}
    )
    using any_value(value)
    group by la_code, year

)

select
    la_code,
    cast(year as integer) as year,
    {%- for column in model_columns('fct_la_year') if column not in ['la_code', 'year'] %}
    "{{ column }}"{{ ',' if not loop.last }}
    {%- endfor %}
from final
{%- endmacro %}
