{#- Ofsted's two workbooks and their second tables as one list. The same inspection is in several: it is an authority's
    under a framework on a publication date, and the newest edition's judgements stand. What a report shows to be wrong in
    a workbook is put right while the workbook still prints it. -#}
{%- set judged = [
    'overall_judgement', 'help_and_protection', 'children_looked_after', 'care_leavers', 'adoption', 'leadership',
] -%}
{%- set correctable = {
    'publication_date': 'date', 'inspection_type': 'string', 'overall_judgement': 'integer', 'help_and_protection': 'integer',
    'children_looked_after': 'integer', 'care_leavers': 'integer', 'adoption': 'integer', 'leadership': 'integer',
} -%}
with published as (

    select * from {{ ref('stg_ofsted__inspection') }}

),

landed_units as (

    select * from {{ ref('int_geography__landed_unit') }}

),

editions as (

    select * from {{ ref('stg_landing__edition') }}

),

judgements as (

    select * from {{ ref('judgement') }}

),

inspection_types as (

    select * from {{ ref('inspection_type') }}

),

resolved as (

    select
        landed_units.la_code,
        published.framework,
        coalesce(published.inspection_type, inspection_types.inspection_type) as inspection_type,
        published.publication_date,
        {%- for field in judged %}
        grade_of_{{ field }}.grade as {{ field }},
        {%- endfor %}
        published.source,
        published.edition,
        {{ edition_day('editions') }} as edition_day
    from published
    left join landed_units
        on
            {{ same_named_place('published', 'landed_units') }}
            and published.unit_ons_code = landed_units.unit_ons_code
    left join inspection_types on published.type_text = inspection_types.type_text
    left join editions
        on {{ same_table('published', 'editions') }}
    {%- for field in judged %}
    left join judgements as grade_of_{{ field }} on published.{{ field }}_text = grade_of_{{ field }}.grade_text
    {%- endfor %}
    {%- if var('as_of') %}
    -- As known then: a judgement is public from the day its report is, whichever workbook lists it.
    where published.publication_date <= cast('{{ var("as_of") }}' as date)
    {%- endif %}

),

-- The two halves of a SLAC re-inspection (safeguarding, looked-after children) published together are one inspection.
within_edition as (

    select
        la_code,
        framework,
        inspection_type,
        publication_date,
        source,
        edition,
        {%- for field in judged %}
        max({{ field }}) as {{ field }},
        {%- endfor %}
        edition_day
    from resolved
    group by la_code, framework, inspection_type, publication_date, source, edition, edition_day

),

corrections as (

    select
        la_code,
        framework,
        {%- for field in correctable %}
        max(value) filter (where field = '{{ field }}') as {{ field }},
        max(coalesce(expect_value, '')) filter (where field = '{{ field }}') as expected_{{ field }},
        {%- endfor %}
        publication_date as printed_date
    from {{ ref('inspection_correction') }}
    group by la_code, framework, publication_date

),

corrected as (

    select
        within_edition.la_code,
        within_edition.framework,
        {%- for field, type in correctable.items() %}
        case
            when coalesce(cast(within_edition.{{ field }} as string), '') = corrections.expected_{{ field }}
                then cast(corrections.{{ field }} as {{ type }})
            else within_edition.{{ field }}
        end as {{ field }},
        {%- endfor %}
        within_edition.source,
        within_edition.edition,
        concat_ws(
            ' ',
            {%- for field in correctable %}
            case
                when coalesce(cast(within_edition.{{ field }} as string), '') = corrections.expected_{{ field }}
                    then '{{ field }}'
            end,
            {%- endfor %}
            null
        ) as corrected_fields,
        within_edition.edition_day
    from within_edition
    left join corrections
        on
            within_edition.la_code = corrections.la_code
            and within_edition.framework = corrections.framework
            and within_edition.publication_date = corrections.printed_date

),

final as (

    select {{ all_but('corrected', ['edition_day']) }}
    from corrected
    qualify
        row_number() over (
            partition by la_code, framework, publication_date
            order by edition_day desc, {{ revision_number('edition') }} desc, edition desc, source asc
        ) = 1

)

select * from final
