{#- England and the regions, newest primary edition first, by preference one that prints both, so that England lies among
    its regions: selected by level, never by code. Rates per child are over the children of the authorities together, on
    the same basis as the authorities' own rates. -#}
with edition_values as (

    select * from {{ ref('int_measures__edition_values') }}

),

editions as (

    select * from {{ ref('int_measures__edition') }}

),

spine_years as (

    select * from {{ ref('int_measures__spine_year') }}

),

areas as (

    select
        edition_values.level as area_level,
        case edition_values.level
            when 'national' then 'England'
            else {{ region_name('edition_values.unit_name') }}
        end as area_name,
        edition_values.year,
        edition_values.measure_id,
        edition_values.value,
        edition_values.value_status,
        edition_values.numerator,
        edition_values.denominator,
        edition_values.source,
        edition_values.edition,
        editions.role,
        {{ edition_day('editions') }} as edition_day
    from edition_values
    inner join editions
        on edition_values.source = editions.source and edition_values.edition = editions.edition
    where
        edition_values.level in ('national', 'regional')
        and {{ changed_measures('edition_values.measure_id', with_parts=true) }}

),

-- What an edition prints for England and for its regions alike.
whole as (

    select
        source,
        edition,
        measure_id,
        year,
        count(*) filter (where area_level = 'national') > 0
        and count(distinct area_name) filter (where area_level = 'regional') >= 8 as is_whole
    from areas
    where value_status = 'reported' and area_name is not null
    group by source, edition, measure_id, year

),

ranked as (

    select
        areas.*,
        row_number() over (
            partition by areas.area_level, areas.area_name, areas.year, areas.measure_id
            order by
                case
                    when areas.role = 'primary' and areas.value_status = 'reported' then 1
                    when areas.value_status = 'reported' then 2
                    else 3
                end asc,
                coalesce(whole.is_whole, false) desc,
                areas.edition_day desc,
                {{ revision_number('areas.edition') }} desc,
                areas.edition desc,
                areas.source asc,
                areas.value desc nulls last,
                areas.numerator desc nulls last,
                areas.denominator desc nulls last,
                areas.value_status asc nulls last
        ) as precedence
    from areas
    inner join spine_years
        on
            areas.measure_id = spine_years.measure_id
            and areas.year between spine_years.first_year and spine_years.last_year
    left join whole
        on
            areas.source = whole.source
            and areas.edition = whole.edition
            and areas.measure_id = whole.measure_id
            and areas.year = whole.year
    where areas.area_name is not null

),

regions as (

    select * from {{ ref('region') }}

),

standing as (

    select * from ranked where precedence = 1

),

authorities as (

    select * from {{ ref('local_authority') }}

),

population_years as (

    select distinct year from {{ ref('int_population__la_year') }}

),

-- Only where every authority of the area is counted.
authority_populations as (

    select
        authorities.la_code,
        authorities.region_name,
        years.year,
        populations.population,
        populations.population_basis
    from authorities
    inner join population_years as years
        on {{ existed_in('authorities.valid_from', 'authorities.valid_to', 'years.year') }}
    left join {{ ref('int_population__la_year') }} as populations
        on authorities.la_code = populations.la_code and years.year = populations.year

),

populations as (

    select
        {{ region_name('region_name') }} as area_name,
        year,
        {{ in_order('sum', 'population', 'population') }} as population,
        mode(population_basis) as population_basis
    from authority_populations
    group by {{ region_name('region_name') }}, year
    having count(*) = count(population)
    union all
    select
        parts.area_name,
        authority_populations.year,
        {{ in_order('sum', 'authority_populations.population', 'authority_populations.population') }} as population,
        mode(authority_populations.population_basis) as population_basis
    from authority_populations
    inner join {{ ref('area_part') }} as parts on authority_populations.la_code = parts.la_code
    group by parts.area_name, authority_populations.year
    having count(*) = count(authority_populations.population)
    union all
    select
        'England' as area_name,
        year,
        {{ in_order('sum', 'population', 'population') }} as population,
        mode(population_basis) as population_basis
    from authority_populations
    group by year
    having count(*) = count(population)

),

rates as (

    select measure_id, numerator_measure, unit
    from {{ ref('measure') }}
    where denominator_measure = '{{ var("population_measure") }}'

),

on_basis as (

    select
        standing.area_name,
        standing.year,
        standing.measure_id,
        {{ unit_scale('rates.unit') }} * counts.value / populations.population as value,
        counts.value as numerator,
        populations.population as denominator,
        populations.population_basis,
        counts.source,
        counts.edition
    from standing
    inner join rates on standing.measure_id = rates.measure_id
    inner join standing as counts
        on
            rates.numerator_measure = counts.measure_id
            and standing.area_name = counts.area_name
            and standing.year = counts.year
            and counts.value_status = 'reported'
    inner join populations on standing.area_name = populations.area_name and standing.year = populations.year
    -- As of a date everything stays as it was printed then.
    where standing.value_status = 'reported'{{ ' and false' if var('as_of') }}
    union all
    select
        area_name,
        year,
        '{{ var("population_measure") }}' as measure_id,
        population as value,
        null as numerator,
        null as denominator,
        population_basis,
        null as source,
        null as edition
    from populations
    {{- ' where false' if var('as_of') }}

),

final as (

    select
        standing.area_level,
        standing.area_name,
        regions.region_code as area_code,
        cast(standing.year as integer) as year,
        standing.measure_id,
        coalesce(on_basis.value, standing.value) as value,
        case when on_basis.value is null then standing.value_status else 'reported' end as value_status,
        coalesce(on_basis.numerator, standing.numerator) as numerator,
        coalesce(on_basis.denominator, standing.denominator) as denominator,
        coalesce(on_basis.source, standing.source) as source,
        coalesce(on_basis.edition, standing.edition) as edition,
        standing.value as published_value,
        on_basis.population_basis as denominator_basis
    from standing
    left join on_basis
        on
            standing.area_name = on_basis.area_name
            and standing.year = on_basis.year
            and standing.measure_id = on_basis.measure_id
    left join regions on standing.area_name = regions.region_name
    where {{ changed_measures('standing.measure_id') }}

)

select * from final
