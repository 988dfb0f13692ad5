{#- Where a line through a measure's years breaks, and whether it may be drawn: another definition, another measure that it
    follows, other population estimates. -#}
with stated as (

    select measure_id, year, what_changed, is_comparable, citation from {{ ref('series_break') }}

),

measures as (

    select measure_id, continues from {{ ref('measure') }} where continues is not null

),

la_years as (

    select measure_id, min(year) as first_year
    from {{ ref('int_measures__la_year') }}
    where value_status = 'reported'
    group by measure_id

),

basis_changes as (

    select * from {{ ref('int_measures__basis_change') }}

),

followed as (

    select
        measures.measure_id,
        la_years.first_year as year,
        'follows ' || measures.continues || ', which is another quantity' as what_changed,
        false as is_comparable,
        'the dictionary of measures' as citation
    from measures
    inner join la_years on measures.measure_id = la_years.measure_id

),

-- Single authorities change where they once missed a return; a series breaks where many do.
counted_anew as (

    select
        measure_id,
        year,
        'children by other population estimates: '
        || {{ joined_text(
            "previous_basis || ' to ' || denominator_basis", "', '", 'authority_count desc, previous_basis asc'
        ) }}
        || ' (' || sum(authority_count) || ' authorities)' as what_changed,
        false as is_comparable,
        'audit.rpt_basis_changes' as citation
    from basis_changes
    where authority_count >= 10
    group by measure_id, year

),

final as (

    select measure_id, year, 'definition' as kind, what_changed, is_comparable, citation from stated
    union all
    select measure_id, year, 'measure' as kind, what_changed, is_comparable, citation from followed
    union all
    select measure_id, year, 'population' as kind, what_changed, is_comparable, citation from counted_anew

)

select
    measure_id,
    cast(year as integer) as year,
    kind,
    what_changed,
    is_comparable,
    citation
from final
order by measure_id, year, kind
