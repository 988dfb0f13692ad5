{#- The stratified sample that people code; `csw coding sample` shows what was achieved of what the study wants. -#}
with drawn as (

    select * from {{ ref('int_documents__study_sample') }}

),

frame as (

    select * from {{ ref('int_documents__study_frame') }}

),

final as (

    select
        frame.report_id,
        frame.inspection_id,
        frame.la_code,
        frame.framework,
        cast(drawn.draw_order as integer) as draw_order,
        frame.overall_judgement,
        frame.outcome_group,
        frame.imd_2015_third,
        frame.rural_urban_class
    from drawn
    inner join frame on drawn.report_id = frame.report_id

)

select * from final
