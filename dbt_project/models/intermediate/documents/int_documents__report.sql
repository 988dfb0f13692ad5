{#- A report in the index and a file that was read are one thing when their bytes are. Whose report it is, the reading says,
    by title, number, file name or by hand (flows/documents/authority.py), and the index. Where two answers differ there is
    none, unless people have placed it. -#}
with listed as (

    select * from {{ ref('stg_ofsted__report') }}
    qualify row_number() over (partition by file order by edition desc, row_number asc) = 1

),

listed_hashes as (

    select distinct sha256 from listed

),

readings as (

    select
        report_read.*,
        listed_hashes.sha256 is not null as is_listed
    from {{ ref('stg_ofsted__report_read') }} as report_read
    left join listed_hashes on report_read.sha256 = listed_hashes.sha256
    -- Bytes that came later under a known name: those that the index lists stand.
    qualify
        row_number() over (
            partition by report_read.report_id
            order by listed_hashes.sha256 is not null desc, report_read.status = 'read' desc, report_read.sha256 asc
        ) = 1

),

landed_units as (

    select * from {{ ref('int_geography__landed_unit') }}

),

listed_authorities as (

    select listed.*, landed_units.la_code
    from listed
    left join landed_units
        on {{ same_named_place('listed', 'landed_units') }}

),

-- What the index says of bytes that came under a name of their own.
listed_bytes as (

    select sha256, min(url) as url, min(la_code) as la_code, min(publication_date) as publication_date
    from listed_authorities
    where sha256 is not null
    group by sha256
    having count(distinct la_code) = 1

),

same_bytes as (

    select
        sha256,
        min(file) as file,
        min(status) as status,
        min(refusal_reason) as refusal_reason,
        min(refusal_detail) as refusal_detail
    from readings
    group by sha256

),

-- A file that is in the index is read under its own name, or under another with the same bytes.
held as (

    select
        coalesce(listed_authorities.file, readings.file) as file,
        coalesce(readings.sha256, listed_authorities.sha256) as sha256,
        coalesce(listed_authorities.url, listed_bytes.url) as url,
        coalesce(listed_authorities.la_code, listed_bytes.la_code) as la_code_by_index,
        coalesce(listed_authorities.publication_date, listed_bytes.publication_date) as listed_publication_date,
        coalesce(readings.report_id, regexp_replace(listed_authorities.file, '(?i)[.]pdf$', '')) as report_id,
        readings.la_code as la_code_as_read,
        {{ all_but('readings', [
            'report_id', 'file', 'sha256', 'la_code', 'status', 'refusal_reason', 'refusal_detail', 'is_listed',
        ]) }},
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
    left join listed_bytes on readings.sha256 = listed_bytes.sha256
    left join same_bytes on listed_authorities.sha256 = same_bytes.sha256

),

final as (

    select
        {{ all_but('held', [
            'publication_date', 'listed_publication_date', 'file_name_date', 'placed_publication_date',
        ]) }},
        listed_publication_date,
        coalesce(placed_publication_date, publication_date, listed_publication_date, file_name_date) as publication_date,
        case
            when placed_publication_date is not null then 'placed by hand'
            when publication_date is not null then 'report'
            when listed_publication_date is not null then 'index'
            when file_name_date is not null then 'file name'
        end as publication_date_source,
        coalesce(
            la_basis = 'conflict' or (la_basis <> 'placed by hand' and la_code_as_read <> la_code_by_index), false
        ) as has_conflicting_la,
        case
            when la_basis = 'placed by hand' then la_code_as_read
            when la_basis = 'conflict' or la_code_as_read <> la_code_by_index then null
            else coalesce(la_code_as_read, la_code_by_index)
        end as la_code
    from held
    {%- if var('as_of') %}
    -- What has no day of publication was not known on any day.
    where
        coalesce(placed_publication_date, publication_date, listed_publication_date, file_name_date)
        <= cast('{{ var("as_of") }}' as date)
    {%- endif %}

)

select * from final
