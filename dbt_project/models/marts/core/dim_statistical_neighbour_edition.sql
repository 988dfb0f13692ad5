with neighbours as (

    select * from {{ ref('stg_dfe__statistical_neighbours') }}

),

editions as (

    select * from {{ ref('stg_landing__edition') }} where table_name = 'neighbours'

),

final as (

    select
        neighbours.la_code,
        neighbours.edition,
        neighbours.position,
        neighbours.neighbour_la_code,
        neighbours.closeness,
        editions.published_on,
        neighbours.edition = max(neighbours.edition) over () as is_newest
    from neighbours
    inner join editions on neighbours.source = editions.source and neighbours.edition = editions.edition

)

select * from final
