{#- No two rows have the same values in the columns that name a row: by default those of the model's config.meta.grain, of
    which config.meta.grain_nullable may be null. Rows shown are the keys that occur more than once, or that lack a part. -#}
{% test unique_grain(model, columns=none, nullable=none) %}
{%- set meta = meta_of(model) -%}
{%- set columns = columns or meta.get('grain', []) -%}
{%- set nullable = nullable or meta.get('grain_nullable', []) -%}
{%- if execute and not columns -%}
    {%- do exceptions.raise_compiler_error('unique_grain: ' ~ model ~ ' says no config.meta.grain.') -%}
{%- endif -%}
{%- set key_hash = 'hash(' ~ columns | join(', ') ~ ')' -%}
{%- set lacks_a_part = [] -%}
{%- for column in columns if column not in nullable -%}
    {%- do lacks_a_part.append('or ' ~ column ~ ' is null') -%}
{%- endfor -%}
-- Rows are grouped by one number, which is several times faster than by their keys, and only rows whose numbers are the
-- same are grouped by the keys themselves.
with doubtful as (

    select {{ key_hash }} as key_hash
    from {{ model }}
    where {{ rows_made_again(model) }}
    group by key_hash
    having count(*) > 1

)

select
    {{ columns | join(', ') }},
    count(*) as row_count
from {{ model }}
where
    {{ rows_made_again(model) }}
    and (
        {{ key_hash }} in (select key_hash from doubtful)
        {{ lacks_a_part | join('\n        ') }}
    )
group by {{ columns | join(', ') }}
having
    count(*) > 1
    {{ lacks_a_part | join('\n    ') }}
{% endtest %}
