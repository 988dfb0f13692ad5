{#- Every column of a relation but these. -#}
{% macro all_but(relation, columns) -%}
    {{ adapter.dispatch('all_but')(relation, columns) }}
{%- endmacro %}

{% macro default__all_but(relation, columns) -%}
    {{ relation }}.* exclude ({{ columns | join(', ') }})
{%- endmacro %}

{% macro spark__all_but(relation, columns) -%}
    {{ relation }}.* except ({{ columns | join(', ') }})
{%- endmacro %}


{#- The keys of a landed relation beside a row for each cell that is not null in the given columns: column_name, value_text. -#}
{% macro unpivoted(relation, keys, columns) -%}
    {{ adapter.dispatch('unpivoted')(relation, keys, columns) }}
{%- endmacro %}

{% macro default__unpivoted(relation, keys, columns) -%}
    (
        unpivot (
            select
                {{ keys | join(', ') }},
                {% for column in columns %}{{ identifier(column) }}{{ ', ' if not loop.last }}{% endfor %}
            from {{ relation }}
        )
        on {% for column in columns %}{{ identifier(column) }}{{ ', ' if not loop.last }}{% endfor %}
        into name column_name value value_text
    )
{%- endmacro %}

{% macro spark__unpivoted(relation, keys, columns) -%}
    (
        select {{ keys | join(', ') }}, column_name, value_text
        from (
            select
                {{ keys | join(', ') }},
                {% for column in columns %}{{ identifier(column) }}{{ ', ' if not loop.last }}{% endfor %}
            from {{ relation }}
        )
        unpivot (
            value_text for column_name in (
                {% for column in columns %}{{ identifier(column) }}{{ ', ' if not loop.last }}{% endfor %}
            )
        )
    )
{%- endmacro %}


{#- Rows of a value per key and name as one column per name; a relation with the keys and these columns, in order. -#}
{% macro pivoted(relation, keys, name, value, names) -%}
    {{ adapter.dispatch('pivoted')(relation, keys, name, value, names) }}
{%- endmacro %}

{% macro default__pivoted(relation, keys, name, value, names) -%}
    (
        pivot {{ relation }}
        on {{ name }} in (
            {%- for column in names %}
            '{{ column }}'{{ ',' if not loop.last }}
            {%- endfor %}
        )
        using any_value({{ value }})
        group by {{ keys | join(', ') }}
    )
{%- endmacro %}

{% macro spark__pivoted(relation, keys, name, value, names) -%}
    (
        select * from (select {{ keys | join(', ') }}, {{ name }}, {{ value }} from {{ relation }})
        pivot (
            max({{ value }}) for {{ name }} in (
                {%- for column in names %}
                '{{ column }}' as {{ column }}{{ ',' if not loop.last }}
                {%- endfor %}
            )
        )
    )
{%- endmacro %}


{#- A name as an identifier, whatever is in it. -#}
{% macro identifier(name) -%}
    {{ adapter.dispatch('identifier')(name) }}
{%- endmacro %}

{% macro default__identifier(name) -%}
    "{{ name | replace('"', '""') }}"
{%- endmacro %}

{% macro spark__identifier(name) -%}
    `{{ name | replace('`', '``') }}`
{%- endmacro %}
