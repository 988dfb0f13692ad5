with landed as (

    select * from {{ landed_register('catalogue') }}

),

final as (

    select
        source,
        table_name,
        edition,
        shape,
        symbols,
        role,
        file,
        sha256,
        content_sha256,
        cast(published_on as date) as published_on,
        try_cast(edition_published_on as date) as edition_published_on,
        published_basis,
        maturity,
        {{ utc_timestamp('landed_at') }} as landed_at,
        url,
        cast(row_count as integer) as row_count,
        cast(column_count as integer) as column_count,
        first_period,
        last_period
    from landed
    {%- if var('as_of') %}
    -- As known then: an edition published later does not exist yet.
    where cast(published_on as date) <= cast('{{ var("as_of") }}' as date)
    {%- endif %}

)

select * from final
