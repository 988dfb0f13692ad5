{#- A value is given exactly where its status says reported, is finite, and every status is a known one. -#}
{% test value_and_status_agree(model) %}
select *
from {{ model }}
where
    (value is not null) <> (value_status = 'reported')
    or isnan(value)
    or abs(value) = cast('infinity' as double)
    or value_status is null
    or value_status not in (
        'reported', 'suppressed', 'rounds_to_zero', 'low_reliability', 'unavailable', 'not_applicable',
        'not_published', 'not_reported'
    )
{% endtest %}
