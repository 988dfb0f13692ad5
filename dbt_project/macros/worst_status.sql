{#- The status of a figure made of several: reported only when every part is; otherwise the strongest reason why not. -#}
{% macro worst_status(column) -%}
    case
        when bool_or({{ column }} = 'suppressed') then 'suppressed'
        when bool_or({{ column }} = 'low_reliability') then 'low_reliability'
        when bool_or({{ column }} = 'unavailable') then 'unavailable'
        when bool_or({{ column }} = 'not_applicable') then 'not_applicable'
        when bool_or({{ column }} = 'rounds_to_zero') then 'rounds_to_zero'
        when bool_and({{ column }} = 'reported') then 'reported'
    end
{%- endmacro %}
