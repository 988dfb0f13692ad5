{#- What a ratio is multiplied by to stand in a measure's unit. -#}
{% macro unit_scale(column) -%}
    case {{ column }} when 'pct' then 100 when 'per_10k' then 10000 else 1 end
{%- endmacro %}
