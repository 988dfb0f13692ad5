{{ config(group = 'staging') }}
-- A grade in words that the seed does not know is a halt, not a null.
with worded as (

    select source, edition, unit_name, field as place, value_text as grade_text
    from {{ ref('stg_ofsted__inspection_cell') }}
    where framework is not null and field not in ('publication_date', 'inspection_date', 'inspection_type')
    union all
    select source, edition, unit_name, 'latest inspection' as place, overall_judgement_text as grade_text
    from {{ ref('stg_ofsted__latest_inspection') }}
    -- An authority not yet inspected says so in every column.
    where inspection_date is not null
    union all
    select source, edition, unit_name, 'visit' as place, overall_judgement_text as grade_text
    from {{ ref('stg_ofsted__visit') }}

)

select worded.*
from worded
anti join {{ ref('judgement') }} as judgement on worded.grade_text = judgement.grade_text
where nullif(worded.grade_text, '') is not null
