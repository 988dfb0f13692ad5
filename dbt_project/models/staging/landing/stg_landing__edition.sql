with landed as (

    select * from {{ landed_register('catalogue') }}

),

final as (

    select
        source,
        table_name,
        edition,
        cast(published_on as date) as published_on,
        try_cast(edition_published_on as date) as edition_published_on,
        {% if var('as_of') -%}
        cast(published_on as date) <= cast('{{ var("as_of") }}' as date)
        {%- else -%}
        true
        {%- endif %} as is_known
    from landed

)

select * from final
