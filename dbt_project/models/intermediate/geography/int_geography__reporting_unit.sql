{#- The landed places without the tables they stand in: a code means the same in every table of an edition, and where there
    is no code the name does. Tables of abolished authorities, whose names others bear today, are told apart only in
    int_geography__landed_unit. -#}
{{ config(tags = ['every_edition']) }}

with landed_units as (

    select * from {{ ref('int_geography__landed_unit') }}

),

final as (

    select
        source,
        edition,
        unit_code,
        case when unit_code = '' then unit_name else '' end as unit_name,
        la_code,
        min(reporting_unit_code) as reporting_unit_code,
        bool_or(is_joint_return) as is_joint_return,
        min(exclusion_reason) as exclusion_reason
    from landed_units
    where table_name not like '%!_abolished' escape '!'
    group by source, edition, unit_code, case when unit_code = '' then unit_name else '' end, la_code

)

select * from final
