{{ config(group = 'spend') }}
-- Every line that ministry_spend_column names is a column of each edition that it covers: a line under a new name would
-- leave its group, and the total, too small.
with lines_read as (

    select distinct source, table_name, edition, spend_group, gross_or_net
    from {{ ref('int_spend__ministry_line') }}

),

editions as (

    select distinct source, table_name, edition from {{ ref('stg_landing__catalogue') }}

),

lines_named as (

    select distinct
        editions.source, editions.table_name, editions.edition, spend_columns.spend_group, spend_columns.gross_or_net
    from editions
    inner join {{ ref('ministry_spend_column') }} as spend_columns
        on
            editions.source = spend_columns.source
            and editions.table_name = spend_columns.table_name
            and {{ in_editions('editions.edition', 'spend_columns') }}

)

select * from lines_named
except
select * from lines_read
