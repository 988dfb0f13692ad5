{#- Per source and edition: figures of authorities read from it, those that stand, those that a later edition or a
    stronger source superseded, and those excluded, by reason. -#}
with la_values as (

    select * from {{ ref('int_measures__la_values') }}

),

ranked_values as (

    select source, edition, la_code, measure_id, year, unit_code, precedence from {{ ref('int_measures__ranked_values') }}

),

final as (

    select
        la_values.source,
        la_values.edition,
        count(*) as figures,
        count(*) filter (where ranked_values.precedence = 1) as figures_standing,
        count(*) filter (where ranked_values.precedence > 1) as figures_superseded,
        count(*) filter (where la_values.exclusion_reason is not null) as figures_excluded
    from la_values
    left join ranked_values
        on
            la_values.source = ranked_values.source
            and la_values.edition = ranked_values.edition
            and la_values.la_code = ranked_values.la_code
            and la_values.measure_id = ranked_values.measure_id
            and la_values.year = ranked_values.year
            and la_values.unit_code = ranked_values.unit_code
    group by la_values.source, la_values.edition

)

select * from final
