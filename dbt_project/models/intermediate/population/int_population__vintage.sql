{#- Which editions speak of the same children: mid-year estimates are revised after each census, and an edition that
    agrees with an earlier one on the years that both cover is on the same basis, whoever published it. Named by the
    earliest edition that it agrees with. -#}
with candidates as (

    select * from {{ ref('int_population__candidate') }}

),

editions as (

    select distinct source, edition, edition_day from candidates

),

-- Half a tenth of a per cent: what rounding to hundreds leaves, and less than any revision.
agreeing as (

    select
        later.source,
        later.edition,
        earlier.source as earlier_source,
        earlier.edition as earlier_edition,
        min(earlier.edition_day) as earlier_edition_day
    from candidates as later
    inner join candidates as earlier
        on
            later.la_code = earlier.la_code
            and later.year = earlier.year
            and (earlier.edition_day, earlier.source, earlier.edition) < (later.edition_day, later.source, later.edition)
    group by later.source, later.edition, earlier.source, earlier.edition
    having
        count(*) >= 10
        and percentile_cont(0.9) within group (order by abs(later.population / earlier.population - 1)) < 0.0005

),

final as (

    select
        editions.source,
        editions.edition,
        editions.edition_day,
        coalesce(
            min_by(
                agreeing.earlier_source || ' ' || agreeing.earlier_edition,
                (agreeing.earlier_edition_day, agreeing.earlier_source, agreeing.earlier_edition)
            ),
            editions.source || ' ' || editions.edition
        ) as population_basis
    from editions
    left join agreeing on editions.source = agreeing.source and editions.edition = agreeing.edition
    group by editions.source, editions.edition, editions.edition_day

)

select * from final
