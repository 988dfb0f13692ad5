{#- A sum that is the same in whatever order its figures come: of several, of their decimals (twelve places, which is more
    than any publisher prints). Ordering the figures before they are added costs four times as much. -#}
{% macro exact_sum(figure, where = 'true') -%}
    case
        when count({{ figure }}) filter (where {{ where }}) > 1
            then cast(sum(cast({{ figure }} as decimal(38, 12))) filter (where {{ where }}) as double)
        else max({{ figure }}) filter (where {{ where }})
    end
{%- endmacro %}
