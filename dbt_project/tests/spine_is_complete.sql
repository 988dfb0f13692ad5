{{ config(group = 'measures') }}
-- One row per authority in existence × year × measure, no more and no fewer.
with spine as (

    select la_code, year, measure_id from {{ ref('int_measures__spine') }}

),

facts as (

    select la_code, year, measure_id from {{ ref('fct_la_year_measure') }}

)

(select 'missing' as problem, * from spine except select 'missing', * from facts)
union all
(select 'extra' as problem, * from facts except select 'extra', * from spine)
