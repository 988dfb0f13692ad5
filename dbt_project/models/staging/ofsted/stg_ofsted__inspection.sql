{%- set fields = [
    'overall_judgement', 'help_and_protection', 'children_looked_after', 'care_leavers', 'adoption', 'leadership',
] -%}
with cells as (

    select * from {{ ref('stg_ofsted__inspection_cell') }}

),

final as (

    select
        source,
        table_name,
        edition,
        row_number,
        unit_ons_code,
        unit_name,
        framework,
        inspection_type,
        sequence,
        cast(max(value_text) filter (where field = 'publication_date') as date) as publication_date,
        try_cast(max(value_text) filter (where field = 'inspection_date') as date) as inspection_date,
        max(value_text) filter (where field = 'inspection_type') as type_text,
        {%- for field in fields %}
        nullif(max(value_text) filter (where field = '{{ field }}'), '') as {{ field }}_text,
        {%- endfor %}
        nullif(max(value_text) filter (where field = 'safeguarding_board'), '') as safeguarding_board_text
    from cells
    where framework is not null
    group by source, table_name, edition, row_number, unit_ons_code, unit_name, framework, inspection_type, sequence
    -- An authority that was not inspected under a framework has blanks there, which is not an inspection.
    having bool_or(value_text <> '')

)

select * from final
