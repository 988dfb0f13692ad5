with neighbours as (

    select * from {{ ref('stg_dfe__statistical_neighbours') }}

),

final as (

    select
        la_code,
        position,
        neighbour_la_code,
        closeness,
        edition
    from neighbours
    where edition = (select max(edition) from neighbours)

)

select * from final
