{#- Whether two rows are of one area and year in one edition of one source: by code, or by name where there is no code. -#}
{% macro same_area_and_year(a, b) -%}
    (
        {{ a }}.source = {{ b }}.source
        and {{ a }}.edition = {{ b }}.edition
        and {{ a }}.level = {{ b }}.level
        and {{ a }}.unit_code = {{ b }}.unit_code
        and ({{ a }}.unit_code <> '' or {{ a }}.unit_name = {{ b }}.unit_name)
        and {{ a }}.year = {{ b }}.year
    )
{%- endmacro %}
