{#- Quartiles as the spreadsheet's QUARTILE.INC cuts them, on an order in which the smaller is the better. A figure on a
    cut is in the better quarter, so that equal figures are never parted. -#}
{% macro quartile_cuts(place) -%}
    quantile_cont({{ place }}, 0.25) as first_cut,
    quantile_cont({{ place }}, 0.5) as second_cut,
    quantile_cont({{ place }}, 0.75) as third_cut
{%- endmacro %}


{#- Which quarter a place is in, 1 the best; null among fewer than four figures. -#}
{% macro quartile_of(place, cuts) -%}
    case
        when {{ cuts }}.figures < 4 then null
        when {{ place }} <= {{ cuts }}.first_cut then 1
        when {{ place }} <= {{ cuts }}.second_cut then 2
        when {{ place }} <= {{ cuts }}.third_cut then 3
        when {{ place }} > {{ cuts }}.third_cut then 4
    end
{%- endmacro %}
