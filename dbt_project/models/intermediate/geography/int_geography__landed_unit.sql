{#- Who is meant: by the publisher's code; failing that, by the ONS code; failing that, by name. A place that none of these
    knows has a null authority and no reason, which a test finds. -#}
{{ config(tags = ['every_edition']) }}

with units as (

    select
        source, table_name, edition, unit_code, unit_ons_code, unit_name,
        {{ name_key('unit_name') }} as unit_name_key
    from {{ ref('stg_landing__unit') }}
    where level = 'la'

),

editions as (

    select * from {{ ref('stg_landing__edition') }}

),

authorities as (

    select * from {{ ref('local_authority') }}

),

ons_codes as (

    select * from {{ ref('local_authority_ons_code') }}

),

authority_names as (

    select * from {{ ref('int_geography__authority_name') }}

),

reporting_units as (

    select * from {{ ref('reporting_unit') }}

),

joint_members as (

    select
        units.*,
        reporting_units.la_code,
        reporting_units.reporting_unit_code,
        'joint return' as matched_by,
        case when reporting_units.la_code is null then 'printed under the other member of a joint return' end
            as exclusion_reason
    from units
    inner join reporting_units
        on
            units.unit_code = reporting_units.unit_code
            and (
                reporting_units.source is null
                or (
                    units.source = reporting_units.source
                    and {{ in_editions('units.edition', 'reporting_units') }}
                )
            )

),

single_units as (

    select units.*
    from units
    anti join joint_members using (source, table_name, edition, unit_code, unit_ons_code, unit_name)

),

-- A name may have meant two authorities, one after the other (Dorset): the one in existence when the edition was
-- published, and in a table of abolished authorities the one that had ended by then.
name_candidates as (

    select
        single_units.source,
        single_units.table_name,
        single_units.edition,
        single_units.unit_name,
        authority_names.la_code,
        row_number() over (
            partition by single_units.source, single_units.table_name, single_units.edition, single_units.unit_name
            order by
                ({{ edition_day('editions') }} > coalesce(authority_names.valid_to, date '9999-12-31'))
                <> (single_units.table_name like '%!_abolished' escape '!'),
                ({{ edition_day('editions') }} < coalesce(authority_names.valid_from, date '0001-01-01')),
                authority_names.la_code
        ) as preference
    from (select distinct source, table_name, edition, unit_name, unit_name_key from single_units) as single_units
    inner join authority_names on single_units.unit_name_key = authority_names.name_key
    left join editions
        on {{ same_table('single_units', 'editions') }}

),

single_members as (

    select
        single_units.*,
        -- The department's code is first: one table prints ONS codes against the wrong authorities.
        case
            when single_units.unit_code <> '' then authorities.la_code
            when single_units.unit_ons_code <> '' then ons_codes.la_code
            else name_candidates.la_code
        end as la_code,
        case
            when single_units.unit_code <> '' then 'code'
            when single_units.unit_ons_code <> '' then 'ons code'
            else 'name'
        end as matched_by,
        cast(null as string) as exclusion_reason,
        coalesce(ons_codes.la_code <> authorities.la_code, false) as has_conflicting_ons_code
    from single_units
    left join authorities on single_units.unit_code = authorities.la_code
    left join ons_codes on single_units.unit_ons_code = ons_codes.ons_code
    left join name_candidates
        on
            {{ same_named_place('single_units', 'name_candidates') }}
            and name_candidates.preference = 1

),

final as (

    select
        source, table_name, edition, unit_code, unit_ons_code, unit_name, la_code,
        reporting_unit_code, true as is_joint_return, matched_by, false as has_conflicting_ons_code, exclusion_reason
    from joint_members
    union all
    select
        source, table_name, edition, unit_code, unit_ons_code, unit_name, la_code,
        la_code as reporting_unit_code, false as is_joint_return, matched_by, has_conflicting_ons_code, exclusion_reason
    from single_members

)

select * from final
