{#- Figures by authority, year and measure as one column per measure, named and ordered as in fct_la_year. -#}
{% macro wide_measures(figures) -%}
{%- set measures = model_columns('fct_la_year') | reject('in', ['la_code', 'year']) | list -%}
with la_years as (

    select la_code, year, measure_id, value from {{ ref(figures) }}

),

final as (

    select * from {{ pivoted('la_years', ['la_code', 'year'], 'measure_id', 'value', measures) }}


)

select
    la_code,
    cast(year as integer) as year,
    {%- for column in measures %}
    {{ column }}{{ ',' if not loop.last }}
    {%- endfor %}
from final
{%- endmacro %}
