{#- A sum or mean of floating-point numbers that comes to the same every time: on DuckDB, in a fixed order. Spark's order is
    not ours to fix; what it comes to differs in the last place. -#}
{% macro in_order(aggregate, value, order_by) -%}
    {{ adapter.dispatch('in_order')(aggregate, value, order_by) }}
{%- endmacro %}

{% macro default__in_order(aggregate, value, order_by) -%}
    {{ aggregate }}({{ value }} order by {{ order_by }})
{%- endmacro %}

{% macro spark__in_order(aggregate, value, order_by) -%}
    {{ aggregate }}({{ value }})
{%- endmacro %}


{#- Quantiles of a group, interpolated, as a list. -#}
{% macro quantiles(value, shares) -%}
    {{ adapter.dispatch('quantiles')(value, shares) }}
{%- endmacro %}

{% macro default__quantiles(value, shares) -%}
    quantile_cont({{ value }}, [{{ shares | join(', ') }}])
{%- endmacro %}

{% macro spark__quantiles(value, shares) -%}
    percentile({{ value }}, array({{ shares | join(', ') }}))
{%- endmacro %}
