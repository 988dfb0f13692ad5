{#- A spend mart with some of its amounts per child over the population as published: what the studies' authors divided by. -#}
{% macro spend_per_published_child(spend, amounts) -%}
    {%- set per_child = [] -%}
    {%- for amount in amounts -%}{%- do per_child.append(amount ~ '_per_child') -%}{%- endfor -%}
    (
        select
            {{ all_but('spend', per_child) }},
            {%- for amount in amounts %}
            spend.{{ amount }} / nullif(published.population_0_17, 0) as {{ amount }}_per_child{{ ',' if not loop.last }}
            {%- endfor %}
        from {{ ref(spend) }} as spend
        left join {{ ref('int_measures__wide_as_published') }} as published
            on spend.la_code = published.la_code and spend.year = published.year
    )
{%- endmacro %}
