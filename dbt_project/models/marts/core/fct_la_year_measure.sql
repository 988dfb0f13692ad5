with la_years as (

    select * from {{ ref('int_measures__la_year') }} where {{ changed_measures('measure_id') }}

),

measures as (

    select measure_id, year_basis from {{ ref('measure') }}

),

-- Where a secondary source is used: what the newest primary edition says of the same figure.
secondaries as (

    select la_code, year, measure_id, source
    from {{ ref('int_measures__ranked_values') }}
    where precedence = 1 and role = 'secondary'

),

primaries as (

    select la_code, year, measure_id, value_status
    from {{ ref('int_measures__ranked_values') }}
    where role = 'primary' and edition_rank = 1

),

newer_secondary as (

    select la_code, year, measure_id, value as newer_secondary_value from {{ ref('int_measures__newer_secondary') }}

),

final as (

    select
        la_years.la_code,
        cast(la_years.year as integer) as year,
        la_years.measure_id,
        {{ period_day('measures.year_basis', 'cast(la_years.year as integer)') }} as period_label,
        la_years.period_label as period_published,
        la_years.value,
        la_years.value_status,
        la_years.numerator,
        la_years.denominator,
        la_years.is_joint_return,
        secondaries.source is not null as is_secondary,
        case when secondaries.source is not null then primaries.value_status end as primary_status,
        la_years.source,
        la_years.edition,
        la_years.published_value,
        la_years.denominator_basis,
        newer_secondary.newer_secondary_value is not null as newer_secondary_differs,
        newer_secondary.newer_secondary_value
    from la_years
    inner join measures on la_years.measure_id = measures.measure_id
    left join secondaries
        on {{ same_figure('la_years', 'secondaries') }} and la_years.source = secondaries.source
    left join primaries
        on {{ same_figure('la_years', 'primaries') }}
    left join newer_secondary
        on {{ same_figure('la_years', 'newer_secondary') }}

)

select * from final
order by measure_id, year, la_code
