{#- What each authority spent, or meant to, by group, in each of the ministry's returns. A group is the sum of its lines and
    the total that of its groups, where a return prints none; one line that is not a number leaves none. -#}
with spend_lines as (

    select * from {{ ref('int_spend__ministry_line') }}

),

editions as (

    select * from {{ ref('int_measures__edition') }}

),

early_help as (

    select
        source, table_name, edition, row_number, la_code, year, column_name, spend_return,
        'early_help' as spend_group, gross_or_net, gbp_nominal, value_status
    from spend_lines
    where spend_group in ('early_years', 'family_support', 'young_people')

),

totals as (

    select
        source, table_name, edition, row_number, la_code, year, column_name, spend_return,
        'total' as spend_group, gross_or_net, gbp_nominal, value_status
    from spend_lines
    where spend_group <> 'total'

),

lines_of_groups as (

    select * from spend_lines where spend_group <> 'not_split'
    union all
    select * from early_help
    union all
    select * from totals

),

by_edition as (

    select
        source,
        edition,
        la_code,
        year,
        spend_return,
        spend_group,
        gross_or_net,
        case when bool_and(value_status = 'reported') then {{ in_order('sum', 'gbp_nominal', 'column_name') }} end as gbp_nominal,
        {{ worst_status('value_status') }} as value_status,
        count(distinct column_name) as line_count
    from lines_of_groups
    where la_code is not null
    group by source, edition, la_code, year, spend_return, spend_group, gross_or_net

),

final as (

    select {{ all_but('by_edition', ['line_count']) }}
    from by_edition
    inner join editions on by_edition.source = editions.source and by_edition.edition = editions.edition
    -- Before under-fives and services for young people were lines of their own there is no early help to sum.
    where by_edition.spend_group <> 'early_help' or by_edition.line_count >= 3
    qualify
        row_number() over (
            partition by
                by_edition.la_code, by_edition.year, by_edition.spend_return, by_edition.spend_group,
                by_edition.gross_or_net
            order by editions.published_on desc, by_edition.edition desc
        ) = 1

)

select * from final
