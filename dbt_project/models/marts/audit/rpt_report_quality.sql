with checks as (

    select * from {{ ref('int_documents__reading_check') }} where is_counted

),

figures as (

    select * from {{ ref('report_quality_figure') }}

),

counts as (

    select figure, count(*) as denominator, count(*) filter (where is_right) as right_count
    from checks
    group by figure

),

shares as (

    select
        figures.position,
        figures.figure,
        figures.label,
        coalesce(
            case figures.counts when 'right' then counts.right_count else counts.denominator - counts.right_count end, 0
        ) as numerator,
        coalesce(counts.denominator, 0) as denominator,
        figures.counts,
        figures.aim
    from figures
    left join counts on figures.figure = counts.figure

),

final as (

    select
        figure,
        label,
        numerator,
        denominator,
        -- Without cases there is no share, and an aim is not met.
        numerator / nullif(denominator, 0) as share,
        aim,
        case
            when aim is null then null
            when denominator = 0 then false
            when counts = 'right' then numerator / denominator >= aim
            else numerator / denominator <= aim
        end as is_met
    from shares
    order by position

)

select * from final
