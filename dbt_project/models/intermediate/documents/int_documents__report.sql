{#- A report in the index and a file that was read are one thing when their bytes are. Whose report it is, is asked three
    times: of the name that the report prints, of the authority's number with the inspectorate, and of the index. Where two
    answers differ there is none. -#}
with listed as (

    select * from {{ ref('stg_ofsted__report') }}
    qualify row_number() over (partition by file order by edition desc, row_number) = 1

),

readings as (

    select * from {{ ref('stg_ofsted__report_read') }}
    -- Bytes that came later under a known name: those that the index lists stand.
    qualify
        row_number() over (
            partition by file
            order by sha256 in (select sha256 from listed) desc, status = 'read' desc, sha256
        ) = 1

),

landed_units as (

    select * from {{ ref('int_geography__landed_unit') }}

),

authority_names as (

    select distinct {{ short_name_key('name_key') }} as short_key, la_code, valid_from, valid_to
    from {{ ref('int_geography__authority_name') }}

),

listed_authorities as (

    select listed.*, landed_units.la_code
    from listed
    left join landed_units
        on {{ same_named_place('listed', 'landed_units') }}

),

-- The inspectorate's number of an authority, from the index; a number of two authorities says nothing.
urns as (

    select urn, min(la_code) as la_code
    from listed_authorities
    where urn is not null and la_code is not null
    group by urn
    having count(distinct la_code) = 1

),

-- A file that is in the index is read under its own name, or under another with the same bytes.
held as (

    select
        coalesce(listed_authorities.file, readings.file) as file,
        coalesce(readings.sha256, listed_authorities.sha256) as sha256,
        listed_authorities.url,
        listed_authorities.la_code as la_code_by_index,
        listed_authorities.publication_date as listed_publication_date,
        readings.* exclude (file, sha256, status, refusal_reason, refusal_detail),
        case
            when readings.status is null and same_bytes.sha256 is null then 'not_held'
            when readings.status is null and same_bytes.status = 'read' then 'same_bytes'
            else coalesce(readings.status, same_bytes.status)
        end as status,
        coalesce(readings.refusal_reason, case when readings.status is null then same_bytes.refusal_reason end)
            as refusal_reason,
        case
            when readings.status is not null then readings.refusal_detail
            when same_bytes.sha256 is null then 'listed in the index; its file has not come'
            when same_bytes.status = 'read' then 'the same bytes as ' || same_bytes.file
            else same_bytes.refusal_detail
        end as refusal_detail
    from listed_authorities
    full outer join readings on listed_authorities.file = readings.file
    left join (
        select sha256, min(file) as file, min(status) as status,
            min(refusal_reason) as refusal_reason, min(refusal_detail) as refusal_detail
        from readings
        group by sha256
    ) as same_bytes on listed_authorities.sha256 = same_bytes.sha256

),

named as (

    select
        held.*,
        coalesce(held.publication_date, held.listed_publication_date) as published,
        by_name.la_code as la_code_by_name,
        urns.la_code as la_code_by_urn
    from held
    left join authority_names as by_name
        on
            {{ short_name_key('held.authority_printed') }} = by_name.short_key
            and coalesce(held.publication_date, held.listed_publication_date, held.inspection_last_day)
            between coalesce(by_name.valid_from, date '0001-01-01') and coalesce(by_name.valid_to, date '9999-12-31')
    left join urns on held.urn = urns.urn
    qualify row_number() over (partition by held.file order by by_name.la_code) = 1

),

final as (

    select
        regexp_replace(file, '\.pdf$', '', 'i') as report_id,
        * exclude (publication_date, published),
        published as publication_date,
        case
            when publication_date is not null then 'report'
            when listed_publication_date is not null then 'index'
        end as publication_date_source,
        coalesce(
            la_code_by_name <> la_code_by_urn or la_code_by_name <> la_code_by_index or la_code_by_urn <> la_code_by_index,
            false
        )
        or coalesce(la_code_by_name <> la_code_by_index, false) as has_conflicting_la,
        case
            when not coalesce(la_code_by_name <> coalesce(la_code_by_urn, la_code_by_index), false)
                then coalesce(la_code_by_name, la_code_by_urn, la_code_by_index)
        end as la_code
    from named
    {%- if var('as_of') %}
    where published is null or published <= cast('{{ var("as_of") }}' as date)
    {%- endif %}

)

select * from final
