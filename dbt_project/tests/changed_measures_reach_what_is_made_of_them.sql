-- Where a measure is made again, so is what is made of it, and what that is made of is at least read; and a measure that a
-- changed publication prints is made again.
with changed as (

    select * from {{ ref('int_measures__changed_measure') }}

),

parts as (

    select * from {{ ref('int_measures__part') }}

)

select
    parts.measure_id,
    parts.part_id
from parts
left join changed as wholes on parts.measure_id = wholes.measure_id
left join changed as of_part on parts.part_id = of_part.measure_id
where
    (of_part.is_changed and not coalesce(wholes.is_changed, false))
    or (wholes.is_changed and of_part.measure_id is null)
{%- if not execute or var('changed_publications') %}
union all
select
    measure_source.measure_id,
    measure_source.source as part_id
from {{ ref('measure_source') }} as measure_source
left join changed on measure_source.measure_id = changed.measure_id
where
    measure_source.source in ('{{ var("changed_publications") | join("', '") }}')
    and not coalesce(changed.is_changed, false)
{%- endif %}
