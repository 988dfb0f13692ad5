{#- Rates of which no count is held are on the basis of all others where their edition is: where, in a year, what it
    prints of the others is what these come to within its rounding. -#}
with la_values as (

    select * from {{ ref('int_measures__la_values') }}
    where exclusion_reason is null and value_status = 'reported' and not is_computed

),

on_basis as (

    select * from {{ ref('int_measures__on_basis') }} where measure_id <> '{{ var("population_measure") }}'

),

side_by_side as (

    select
        la_values.source,
        la_values.edition,
        la_values.year,
        la_values.value as printed,
        on_basis.value,
        on_basis.population_basis,
        -- An edition that prints whole numbers rounds by a half, one with a decimal by a twentieth.
        case
            when
                bool_and(la_values.value = round(la_values.value))
                    over (partition by la_values.source, la_values.edition, la_values.measure_id)
                then 0.5
            else 0.05
        end as half_unit
    from la_values
    inner join on_basis
        on {{ same_figure('la_values', 'on_basis') }}

),

final as (

    select
        source,
        edition,
        year,
        mode(population_basis) as population_basis,
        cast(count(*) as integer) as compared
    from side_by_side
    group by source, edition, year
    -- One measure's authorities at least; nearly all, because single counts are revised.
    having count(*) >= 100 and avg(case when abs(printed - value) <= half_unit + 0.01 then 1 else 0 end) >= 0.95

)

select * from final
