{#- The reports drawn for people to code: so many per framework of the study, one by one. The next is of an authority
    drawn least so far and, among those, one whose judgement, third of deprivation and rural-urban class have been drawn
    least; chance, from the seed, decides between equals. The order of the frame does not matter. -#}
{%- set frameworks = "'slac', 'cpi', 'sif', 'ilacs'" -%}
{%- set reports_per_framework = 20 -%}
{%- set seed = 2019 -%}
with recursive frame as (

    select
        study_frame.framework,
        study_frame.report_id,
        study_frame.la_code,
        -- A blank kind is a kind of its own.
        {{ list_of([
            "'outcome_group ' || coalesce(study_frame.outcome_group, '')",
            "'imd_2015_third ' || coalesce(study_frame.imd_2015_third, '')",
            "'rural_urban_class ' || coalesce(study_frame.rural_urban_class, '')",
        ]) }} as kinds,
        {{ sha256_of("'" ~ seed ~ ":' || study_frame.report_id") }} as chance
    from {{ ref('int_documents__study_frame') }} as study_frame
    where study_frame.framework in ({{ frameworks }})

),

draws as (

    select distinct
        framework,
        0 as draw_order,
        cast(null as string) as report_id,
        {{ no_texts() }} as drawn_reports,
        {{ no_texts() }} as drawn_authorities,
        {{ no_texts() }} as drawn_kinds
    from frame
    union all
    select
        framework,
        draw_order,
        report_id,
        drawn_reports,
        drawn_authorities,
        drawn_kinds
    from (
        select
            draws.framework,
            draws.draw_order + 1 as draw_order,
            frame.report_id,
            array_append(draws.drawn_reports, frame.report_id) as drawn_reports,
            array_append(draws.drawn_authorities, frame.la_code) as drawn_authorities,
            concat(draws.drawn_kinds, frame.kinds) as drawn_kinds,
            row_number() over (
                partition by draws.framework
                order by
                    {{ count_items('draws.drawn_authorities', 'drawn', 'drawn = frame.la_code') }},
                    {{ count_items('draws.drawn_kinds', 'drawn', 'array_contains(frame.kinds, drawn)') }},
                    frame.chance
            ) as preference
        from draws
        inner join frame on draws.framework = frame.framework
        where
            draws.draw_order < {{ reports_per_framework }}
            and not array_contains(draws.drawn_reports, frame.report_id)
    ) as candidates
    where preference = 1

),

final as (

    select report_id, cast(draw_order as integer) as draw_order
    from draws
    where report_id is not null

)

select * from final
