{#- The same money under every index and base year of price_base: an index and a base year are to be chosen before anything
    is added up. -#}
with spend as (

    select * from {{ ref('fct_la_year_spend') }}

),

price_bases as (

    select * from {{ ref('price_base') }}

),

real_terms as (

    select
        spend.*,
        price_bases.price_index,
        price_bases.base_year,
        {{ real_terms('spend.gbp_nominal', 'of_year', 'of_base') }} as gbp_in_prices_of_base
    from spend
    cross join price_bases
    left join {{ ref('int_time__price_index') }} as of_year
        on price_bases.price_index = of_year.price_index and spend.year = of_year.year
    left join {{ ref('int_time__price_index') }} as of_base
        on price_bases.price_index = of_base.price_index and price_bases.base_year = of_base.year

),

final as (

    select
        la_code,
        year,
        spend_return,
        spend_group,
        gross_or_net,
        price_index,
        cast(base_year as integer) as base_year,
        gbp_in_prices_of_base as gbp_real,
        gbp_in_prices_of_base / nullif(population_0_17, 0) as gbp_real_per_child,
        gbp_in_prices_of_base / nullif(cin_at_31_march_count, 0) as gbp_real_per_cin,
        gbp_in_prices_of_base / nullif(cla_at_31_march_count, 0) as gbp_real_per_cla
    from real_terms
    -- Without pounds there is nothing to put into other prices; why there are none is in fct_la_year_spend.
    where gbp_nominal is not null

)

select * from final
order by spend_return, spend_group, gross_or_net, price_index, base_year, year, la_code
