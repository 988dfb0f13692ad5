{#- fct_la_year_spend with money per child over the population as published: what the studies' authors divided by. -#}
{% macro spend_per_published_child() -%}
    (
        select
            spend.* exclude (gbp_nominal_per_child, gbp_real_per_child),
            spend.gbp_nominal / nullif(published.population_0_17, 0) as gbp_nominal_per_child,
            spend.gbp_real / nullif(published.population_0_17, 0) as gbp_real_per_child
        from {{ ref('fct_la_year_spend') }} as spend
        left join {{ ref('int_measures__wide_as_published') }} as published
            on spend.la_code = published.la_code and spend.year = published.year
    )
{%- endmacro %}
