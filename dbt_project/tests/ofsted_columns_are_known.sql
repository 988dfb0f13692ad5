{{ config(group = 'staging') }}
-- Every column of Ofsted's history sheets is either described by the seed inspection_column or says who the authority is;
-- and every inspection block has a publication date and a judgement in each edition that has the block.
with cells as (

    select * from {{ ref('stg_ofsted__inspection_cell') }}

),

strangers as (

    select distinct source, table_name, edition, column_name, 'not in inspection_column' as problem
    from cells
    where
        framework is null
        and column_name not in (
            'Web link', 'Local authority name', 'LA region', 'LA Authority Type', 'Local authority area code',
            'Local authority status', 'Ofsted region'
        )

),

incomplete_blocks as (

    select
        source, table_name, edition,
        concat_ws(' ', framework, inspection_type, sequence) as column_name,
        'no publication date or no judgement' as problem
    from cells
    where framework is not null
    group by all
    having
        not bool_or(field = 'publication_date')
        or not bool_or(field in ('overall_judgement', 'children_looked_after'))

)

select * from strangers
union all
select * from incomplete_blocks
