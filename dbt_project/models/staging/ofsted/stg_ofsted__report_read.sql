{#- The file's hash is what identifies a reading: the same bytes may lie under several names. -#}
with landed as (

    select * from {{ landed('ofsted_reports', 'report') }}

),

final as (

    select
        report_id,
        file,
        sha256,
        delivered_as,
        la_code,
        la_basis,
        la_reason,
        cast(file_name_date as date) as file_name_date,
        cast(placed_publication_date as date) as placed_publication_date,
        reader_version,
        status,
        refusal_reason,
        refusal_detail,
        cast(page_count as integer) as page_count,
        pages_without_text,
        report_kind,
        framework,
        framework_confidence,
        framework_reason,
        cast(is_reinspection as boolean) as is_reinspection,
        title,
        visit_theme,
        authority_printed,
        authority_key,
        authority_confidence,
        authority_reason,
        urn,
        urn_confidence,
        cast(inspection_first_day as date) as inspection_first_day,
        cast(inspection_last_day as date) as inspection_last_day,
        inspection_parts,
        inspection_dates_printed,
        inspection_dates_confidence,
        inspection_dates_reason,
        cast(publication_date as date) as publication_date,
        publication_confidence,
        publication_reason,
        cast(overall_judgement as integer) as overall_judgement,
        cast(help_and_protection as integer) as help_and_protection,
        cast(children_looked_after as integer) as children_looked_after,
        cast(care_leavers as integer) as care_leavers,
        cast(adoption as integer) as adoption,
        cast(leadership as integer) as leadership,
        cast(lscb as integer) as lscb,
        overall_status,
        overall_confidence,
        overall_reason,
        cast(recommendation_count as integer) as recommendation_count,
        cast(recommendation_count_local_authority as integer) as recommendation_count_local_authority,
        cast(recommendation_count_lscb as integer) as recommendation_count_lscb,
        recommendation_headings,
        recommendation_statements,
        recommendation_reason,
        recommendation_exceptions
    from landed

)

select * from final
