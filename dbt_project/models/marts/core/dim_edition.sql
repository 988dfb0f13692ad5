{{ config(tags = ['every_edition']) }}

with catalogue as (

    select * from {{ ref('stg_landing__catalogue') }}

),

final as (

    select
        source,
        edition,
        table_name,
        file,
        sha256,
        published_on,
        published_basis,
        role,
        cast(landed_at as timestamp) as landed_at,
        maturity,
        url,
        row_count,
        first_period,
        last_period,
        url like 'synthetic:%' as is_synthetic
    from catalogue

)

select * from final
