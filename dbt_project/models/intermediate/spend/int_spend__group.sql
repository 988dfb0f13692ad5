{#- What each authority spent by group, each group defined by its content in all years: the printed total where there
    is one, else the sum of its lines, with what was printed elsewhere that year and without what moved away since. The
    residual between printed total and lines says whether the lines reconcile. -#}
with spend_lines as (

    select
        *,
        bool_or(line_kind = 'total')
            over (partition by source, edition, gross_or_net, row_number, spend_group)
            and line_kind = 'removal' as is_whole_group_moved
    from {{ ref('int_spend__line') }}

),

groups as (

    select
        source,
        edition,
        la_code,
        year,
        gross_or_net,
        spend_group,
        sum(gbp_nominal order by row_number) filter (where line_kind = 'part') as parts_gbp,
        sum(gbp_nominal order by row_number) filter (where line_kind = 'total') as total_gbp,
        coalesce(sum(gbp_nominal order by row_number) filter (where line_kind = 'addition'), 0) as added_gbp,
        coalesce(sum(gbp_nominal order by row_number) filter (where line_kind = 'removal'), 0) as removed_gbp,
        count(*) filter (where line_kind = 'part') as part_count,
        count(*) filter (where line_kind = 'removal') as removal_count,
        bool_or(is_whole_group_moved) as is_whole_group_moved
    from spend_lines
    where spend_group is not null and line_kind <> 'memorandum'
    group by source, edition, la_code, year, gross_or_net, spend_group

),

all_parts as (

    select
        source, edition, la_code, year, gross_or_net, 'all' as spend_group, sum(parts_gbp order by spend_group) as parts_gbp
    from groups
    where spend_group not in ('all', 'all_including_cera', 'cera')
    group by source, edition, la_code, year, gross_or_net

),

final as (

    select
        groups.source,
        groups.edition,
        groups.la_code,
        groups.year,
        groups.gross_or_net,
        case groups.spend_group when 'all' then 'total' when 'all_including_cera' then 'total_including_cera' else groups.spend_group end
            as spend_group,
        coalesce(groups.total_gbp, groups.parts_gbp) + groups.added_gbp - groups.removed_gbp as gbp_nominal,
        groups.added_gbp - groups.removed_gbp as moved_gbp,
        groups.total_gbp - coalesce(all_parts.parts_gbp, groups.parts_gbp) as residual_gbp
    from groups
    left join all_parts
        on
            groups.source = all_parts.source
            and groups.edition = all_parts.edition
            and groups.la_code = all_parts.la_code
            and groups.gross_or_net = all_parts.gross_or_net
            and groups.spend_group = all_parts.spend_group
    -- A group that was printed apart and belongs to another whole is that other's alone.
    where not groups.is_whole_group_moved and (groups.removal_count = 0 or groups.removal_count < groups.part_count)

)

select * from final
