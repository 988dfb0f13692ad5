{{ config(materialized = "view") }}

with figures as (

    select * from {{ ref('int_measures__la_values') }}

),

editions as (

    select * from {{ ref('int_measures__edition') }}

),

-- As published: a rate per child is counted anew over the newest population.
standing as (

    select * from {{ ref('int_measures__as_published') }}

),

final as (

    select
        figures.la_code,
        figures.measure_id,
        figures.year,
        figures.source,
        figures.edition,
        editions.role,
        editions.published_on,
        editions.published_basis,
        figures.unit_code,
        figures.unit_name,
        figures.value,
        figures.value_status,
        figures.is_computed,
        figures.exclusion_reason,
        figures.source = standing.source and figures.edition = standing.edition as is_used
    from figures
    inner join editions using (source, edition)
    inner join standing using (la_code, measure_id, year)

)

select * from final
