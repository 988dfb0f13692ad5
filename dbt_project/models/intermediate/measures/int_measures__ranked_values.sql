{#- Precedence of editions for the same cell: within a role the newest is used, also where it now suppresses an older
    number; a secondary source fills only where the standing primary edition has no number. -#}
with la_values as (

    select * from {{ ref('int_measures__la_values') }} where {{ changed_measures('measure_id') }}

),

editions as (

    select * from {{ ref('int_measures__edition') }}

),

authorities as (

    select * from {{ ref('local_authority') }}

),

dated as (

    select
        la_values.*,
        editions.role,
        {{ edition_day('editions') }} as edition_day,
        -- Releases print "not applicable" for every year of an authority that has since been abolished; that does not
        -- take back what was published while it existed.
        coalesce(authorities.valid_to < {{ edition_day('editions') }}, false)
        and la_values.value_status in ('not_applicable', 'unavailable') as is_after_abolition
    from la_values
    inner join editions on la_values.source = editions.source and la_values.edition = editions.edition
    inner join authorities on la_values.la_code = authorities.la_code
    where la_values.exclusion_reason is null

),

within_role as (

    select
        *,
        row_number() over (
            partition by la_code, year, measure_id, role
            order by
                is_after_abolition asc, edition_day desc, {{ revision_number('edition') }} desc, edition desc, source asc
        ) as edition_rank
    from dated

),

final as (

    select
        *,
        row_number() over (
            partition by la_code, year, measure_id
            order by
                edition_rank,
                case
                    when role = 'primary' and value_status = 'reported' then 1
                    -- A share of nobody is settled by the primary source: nothing fills it.
                    when role = 'primary' and value_status = 'not_applicable' and denominator = 0 then 1
                    when value_status = 'reported' then 2
                    when role = 'primary' then 3
                    else 4
                end
        ) as precedence
    from within_role

)

select * from final
