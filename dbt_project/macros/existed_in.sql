{#- Whether an authority made the return of a year: a change on 1 April Y leaves the return to 31 March Y with the old
    authority and gives the next one to the new. An open start or end is blank. -#}
{% macro existed_in(valid_from, valid_to, year) -%}
    (
        ({{ valid_from }} is null or {{ valid_from }} <= make_date({{ year }}, 3, 31))
        and ({{ valid_to }} is null or {{ valid_to }} >= make_date({{ year }}, 3, 31))
    )
{%- endmacro %}
