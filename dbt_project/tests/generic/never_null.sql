{#- None of these columns is ever null. Rows shown are those where one is. -#}
{% test never_null(model, columns, where='true') %}
select *
from {{ model }}
where
    {{ where }}
    and ({% for column in columns %}{{ column }} is null{{ ' or ' if not loop.last }}{% endfor %})
{% endtest %}
