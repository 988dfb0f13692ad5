{{ config(meta = {'advice': 'Correct the column, the filter or the editions of the row in measure_source.csv.'}) }}
-- Every row of measure_source meets a landed column, and the rows it filters for, in each edition that it claims: what is
-- misspelt there would else leave a measure unpublished without a word.
with landed as (

    select source, table_name, edition from {{ ref('stg_landing__catalogue') }} where row_count > 0

),

claims as (

    select
        landed.source,
        landed.table_name,
        landed.edition,
        measure_source.column_name,
        coalesce(measure_source.filter, '') as filter,
        measure_source.period,
        measure_source.measure_id,
        measure_source.component
    from {{ ref('measure_source') }} as measure_source
    inner join landed
        on
            measure_source.source = landed.source
            and measure_source.table_name = landed.table_name
            and {{ in_editions('landed.edition', 'measure_source') }}

),

met as (

    select distinct
        source, table_name, edition, lower(column_name) as column_name, filter, measure_id, component, period_label
    from {{ ref('int_measures__mapped_cells') }}

)

select claims.*
from claims
anti join met
    on
        claims.source = met.source
        and claims.table_name = met.table_name
        and claims.edition = met.edition
        and lower(claims.column_name) = met.column_name
        and claims.filter = met.filter
        and claims.measure_id = met.measure_id
        and claims.component = met.component
        and (claims.period is null or claims.period = met.period_label)
