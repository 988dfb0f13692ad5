{#- The children of an authority in a year, for all rates alike: by the newest edition that says it. Where that edition
    only implies a number and another one prints a number within what is implied, the printed one is exact and is taken. -#}
with candidates as (

    select * from {{ ref('int_population__candidate') }}

),

vintages as (

    select source, edition, population_basis from {{ ref('int_population__vintage') }}

),

ranked as (

    select
        *,
        row_number() over (
            partition by la_code, year
            order by edition_day desc, is_implied asc, {{ revision_number('edition') }} desc, edition desc, source asc
        ) as precedence
    from candidates

),

newest as (

    select * from ranked where precedence = 1

),

exact as (

    select
        newest.la_code,
        newest.year,
        max_by(candidates.population, candidates.edition_day) as population
    from newest
    inner join candidates
        on
            newest.la_code = candidates.la_code
            and newest.year = candidates.year
            and not candidates.is_implied
            and candidates.population between newest.lowest - 1 and newest.highest + 1
    where newest.is_implied
    group by newest.la_code, newest.year

),

final as (

    select
        newest.la_code,
        newest.year,
        coalesce(exact.population, newest.population) as population,
        newest.is_implied and exact.population is null as is_implied,
        newest.half_width_pct,
        newest.source,
        newest.edition,
        vintages.population_basis
    from newest
    inner join vintages on newest.source = vintages.source and newest.edition = vintages.edition
    left join exact on newest.la_code = exact.la_code and newest.year = exact.year

)

select * from final
