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
    -- The newest edition only.
    qualify edition = max(edition) over ()

)

select * from final
