{#- The reports drawn for people to code: so many per framework of the study, one by one. The next is of an authority
    drawn least so far and, among those, one whose judgement, third of deprivation and rural-urban class have been drawn
    least; chance, from the seed, decides between equals. The order of the frame does not matter. -#}
{%- set frameworks = "'slac', 'cpi', 'sif', 'ilacs'" -%}
{%- set reports_per_framework = 20 -%}
{%- set seed = 2019 -%}
with frame as (

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

draw_0 as (

    select distinct
        framework,
        {{ no_texts() }} as drawn_reports,
        {{ no_texts() }} as drawn_authorities,
        {{ no_texts() }} as drawn_kinds
    from frame

),

{%- set fewest_first %}
(
    {{ count_items('draws.drawn_authorities', 'drawn', 'drawn = frame.la_code') }},
    {{ count_items('draws.drawn_kinds', 'drawn', 'array_contains(frame.kinds, drawn)') }},
    frame.chance
)
{%- endset %}

{%- for draw in range(1, reports_per_framework + 1) %}

draw_{{ draw }} as (

    select
        draws.framework,
        case
            when count(frame.report_id) = 0 then any_value(draws.drawn_reports)
            else array_append(any_value(draws.drawn_reports), min_by(frame.report_id, {{ fewest_first }}))
        end as drawn_reports,
        case
            when count(frame.report_id) = 0 then any_value(draws.drawn_authorities)
            else array_append(any_value(draws.drawn_authorities), min_by(frame.la_code, {{ fewest_first }}))
        end as drawn_authorities,
        case
            when count(frame.report_id) = 0 then any_value(draws.drawn_kinds)
            else concat(any_value(draws.drawn_kinds), min_by(frame.kinds, {{ fewest_first }}))
        end as drawn_kinds
    from draw_{{ draw - 1 }} as draws
    left join frame
        on draws.framework = frame.framework and not array_contains(draws.drawn_reports, frame.report_id)
    group by draws.framework

),
{%- endfor %}

final as (

    select
        reports.report_id,
        cast(array_position(draws.drawn_reports, reports.report_id) as integer) as draw_order
    from draw_{{ reports_per_framework }} as draws
    cross join lateral unnest(draws.drawn_reports) as reports (report_id)

)

select * from final
