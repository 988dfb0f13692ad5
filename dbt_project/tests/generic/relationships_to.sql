{#- Every key of a model is a key of another, for one or more columns at once; blank keys point nowhere. -#}
{% test relationships_to(model, columns, to) %}
select distinct {{ columns | join(', ') }}
from {{ model }}
anti join {{ to }} using ({{ columns | join(', ') }})
where {% for column in columns %}{{ column }} is not null{{ ' and ' if not loop.last }}{% endfor %}
{% endtest %}
