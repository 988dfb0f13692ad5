with measures as (

    select * from {{ ref('measure') }}

),

measure_source as (

    select * from {{ ref('measure_source') }}

),

la_years as (

    select * from {{ ref('int_measures__la_year') }}

),

years as (

    select measure_id, min(year) as first_year, max(year) as last_year
    from la_years
    where value_status = 'reported'
    group by measure_id

),

columns_by_source as (

    select
        measure_id,
        source || ' ' || edition_from
        || case
            when edition_to is null then ' on'
            when edition_to = edition_from then ''
            else ' to ' || edition_to
        end as editions,
        edition_from,
        {{ joined_text(
            "column_name || case when filter is null then '' else ' [' || filter || ']' end",
            "' + '",
            'component desc, column_name asc'
        ) }} as columns_of_edition
    from measure_source
    group by measure_id, source, edition_from, edition_to

),

publisher_columns as (

    select
        measure_id,
        {{ joined_text("editions || ': ' || columns_of_edition", "'; '", 'edition_from, editions') }} as publisher_columns
    from columns_by_source
    group by measure_id

),

-- The population estimates that most authorities' figures of each year are over.
year_bases as (

    select measure_id, year, mode(denominator_basis) as denominator_basis
    from la_years
    where value_status = 'reported' and denominator_basis is not null
    group by measure_id, year

),

spans as (

    select measure_id, denominator_basis, min(year) as first_year, max(year) as last_year
    from year_bases
    group by measure_id, denominator_basis

),

bases as (

    select
        measure_id,
        {{ joined_text(
            "denominator_basis || ': ' || concat_ws('-', first_year, nullif(last_year, first_year))", "'; '", 'first_year'
        ) }} as denominator_basis
    from spans
    group by measure_id

),

breaks as (

    select
        measure_id,
        {{ joined_text(
            "year || case when is_comparable then ' (comparable)' else '' end || ': ' || what_changed", "'; '", 'year, kind'
        ) }} as breaks
    from {{ ref('dim_measure_break') }}
    group by measure_id

),

final as (

    select
        measures.measure_id,
        measures.label,
        measures.unit,
        measures.measure_group,
        measures.better_when,
        measures.quality_or_quantity,
        measures.effort_or_effect,
        measures.denominator,
        coalesce(
            measures.sum_of, measures.numerator_measure || ' / ' || measures.denominator_measure
        ) as computed_from,
        measures.year_basis,
        measures.continues,
        cast(years.first_year as integer) as first_year,
        cast(years.last_year as integer) as last_year,
        greatest(cast(measures.first_full_year as integer), cast(years.first_year as integer)) as first_full_year,
        bases.denominator_basis,
        breaks.breaks,
        publisher_columns.publisher_columns,
        measures.availability,
        measures.note
    from measures
    left join years on measures.measure_id = years.measure_id
    left join bases on measures.measure_id = bases.measure_id
    left join breaks on measures.measure_id = breaks.measure_id
    left join publisher_columns on measures.measure_id = publisher_columns.measure_id

)

select * from final
