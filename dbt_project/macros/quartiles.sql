{#- Quartiles as the spreadsheet's QUARTILE.INC cuts them, on an order in which the smaller is the better. A figure on a
    cut is in the better quarter, so that equal figures are never parted. -#}
{% macro quartile_cuts(place) -%}
    {{ quantiles(place, [0.25, 0.5, 0.75]) }} as cuts
{%- endmacro %}


{#- Which quarter a place is in, 1 the best; null among fewer than four figures. -#}
{% macro quartile_of(place, cuts) -%}
    case
        when {{ cuts }}.figures < 4 then null
        when {{ place }} <= {{ item(cuts ~ '.cuts', 1) }} then 1
        when {{ place }} <= {{ item(cuts ~ '.cuts', 2) }} then 2
        when {{ place }} <= {{ item(cuts ~ '.cuts', 3) }} then 3
        when {{ place }} > {{ item(cuts ~ '.cuts', 3) }} then 4
    end
{%- endmacro %}
