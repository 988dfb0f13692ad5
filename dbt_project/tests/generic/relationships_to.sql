{#- Every key of a model is a key of another, for one or more columns at once; blank keys point nowhere. to_columns names
    the other's columns where they are called something else. -#}
{% test relationships_to(model, columns, to, to_columns=none) %}
{%- set keys = to_columns or columns %}
select distinct {% for column in columns %}stranger.{{ column }}{{ ', ' if not loop.last }}{% endfor %}
from {{ model }} as stranger
anti join {{ to }} as known
    on {% for key in keys %}known.{{ key }} = stranger.{{ columns[loop.index0] }}{{ ' and ' if not loop.last }}{% endfor %}
where {% for column in columns %}stranger.{{ column }} is not null{{ ' and ' if not loop.last }}{% endfor %}
{% endtest %}
