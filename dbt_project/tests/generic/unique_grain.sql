{#- No two rows have the same values in the columns that name a row. Columns default to the model's config.meta.grain;
    rows shown are the keys that occur more than once, or that lack a part. -#}
{% test unique_grain(model, columns, nullable=[]) %}
select
    {{ columns | join(', ') }},
    count(*) as row_count
from {{ model }}
group by {{ columns | join(', ') }}
having
    count(*) > 1
    {%- for column in columns if column not in nullable %}
    or {{ column }} is null
    {%- endfor %}
{% endtest %}
