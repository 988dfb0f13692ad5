{#- What each authority spent by group, each group defined by its content in all years: the printed total where there
    is one, else the sum of its lines, with what was printed elsewhere that year and without what moved away since. The
    residual between printed total and lines says whether the lines reconcile. -#}
with spend_lines as (

    select
        *,
        line_kind = 'removal'
        and bool_or(line_kind = 'total') over (partition by source, edition, gross_or_net, row_number, spend_group)
            as is_whole_group_moved
    from {{ ref('int_spend__line') }}

),

spend_groups as (

    select
        source,
        edition,
        la_code,
        year,
        gross_or_net,
        spend_group,
        {{ in_order('sum', 'gbp_nominal', 'row_number') }} filter (where line_kind = 'part') as parts_gbp,
        {{ in_order('sum', 'gbp_nominal', 'row_number') }} filter (where line_kind = 'total') as total_gbp,
        coalesce(
            {{ in_order('sum', 'gbp_nominal', 'row_number') }} filter (where line_kind = 'addition'), 0
        ) as added_gbp,
        coalesce(
            {{ in_order('sum', 'gbp_nominal', 'row_number') }} filter (where line_kind = 'removal'), 0
        ) as removed_gbp,
        count(*) filter (where line_kind = 'part') as part_count,
        count(*) filter (where line_kind = 'removal') as removal_count,
        bool_or(is_whole_group_moved) as is_whole_group_moved
    from spend_lines
    where spend_group is not null and line_kind <> 'memorandum'
    group by source, edition, la_code, year, gross_or_net, spend_group

),

all_parts as (

    select
        source, edition, la_code, year, gross_or_net, 'all' as spend_group,
        {{ in_order('sum', 'parts_gbp', 'spend_group') }} as parts_gbp
    from spend_groups
    where spend_group not in ('all', 'all_including_cera', 'cera')
    group by source, edition, la_code, year, gross_or_net

),

final as (

    select
        spend_groups.source,
        spend_groups.edition,
        spend_groups.la_code,
        spend_groups.year,
        spend_groups.gross_or_net,
        case spend_groups.spend_group
            when 'all' then 'total'
            when 'all_including_cera' then 'total_including_cera'
            else spend_groups.spend_group
        end as spend_group,
        coalesce(spend_groups.total_gbp, spend_groups.parts_gbp) + spend_groups.added_gbp - spend_groups.removed_gbp
            as gbp_nominal,
        spend_groups.added_gbp - spend_groups.removed_gbp as moved_gbp,
        spend_groups.total_gbp - coalesce(all_parts.parts_gbp, spend_groups.parts_gbp) as residual_gbp
    from spend_groups
    left join all_parts
        on
            spend_groups.source = all_parts.source
            and spend_groups.edition = all_parts.edition
            and spend_groups.la_code = all_parts.la_code
            and spend_groups.gross_or_net = all_parts.gross_or_net
            and spend_groups.spend_group = all_parts.spend_group
    -- A group that was printed apart and belongs to another whole is that other's alone.
    where
        not spend_groups.is_whole_group_moved
        and (spend_groups.removal_count = 0 or spend_groups.removal_count < spend_groups.part_count)

)

select * from final
