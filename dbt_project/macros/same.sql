{#- Joins that many models make, each said once: whether two rows are of the same thing. -#}

{#- Of one landed table of an edition. -#}
{% macro same_table(a, b) -%}
    (
        {{ a }}.source = {{ b }}.source
        and {{ a }}.table_name = {{ b }}.table_name
        and {{ a }}.edition = {{ b }}.edition
    )
{%- endmacro %}


{#- Of one place that a landed table names, where the table has no codes. -#}
{% macro same_named_place(a, b) -%}
    ({{ same_table(a, b) }} and {{ a }}.unit_name = {{ b }}.unit_name)
{%- endmacro %}


{#- The name of a place that has no code, which is its key then. A join on it is one of equal keys: "or the names are the same"
    would hold each place without a code against all others, and grow with their square. -#}
{% macro name_without_code(a) -%}
    case when {{ a }}.unit_code = '' then {{ a }}.unit_name else '' end
{%- endmacro %}


{#- Of one area and year in one edition of one source: by code, or by name where there is no code. -#}
{% macro same_area_and_year(a, b) -%}
    (
        {{ a }}.source = {{ b }}.source
        and {{ a }}.edition = {{ b }}.edition
        and {{ a }}.level = {{ b }}.level
        and {{ a }}.unit_code = {{ b }}.unit_code
        and {{ name_without_code(a) }} = {{ name_without_code(b) }}
        and {{ a }}.year = {{ b }}.year
    )
{%- endmacro %}


{#- Of one authority, year and measure. -#}
{% macro same_figure(a, b) -%}
    (
        {{ a }}.la_code = {{ b }}.la_code
        and {{ a }}.year = {{ b }}.year
        and {{ a }}.measure_id = {{ b }}.measure_id
    )
{%- endmacro %}


{#- Of one inspection: an authority's, under a framework, by the day its report was published. -#}
{% macro same_inspection(a, b) -%}
    (
        {{ a }}.la_code = {{ b }}.la_code
        and {{ a }}.framework = {{ b }}.framework
        and {{ a }}.publication_date = {{ b }}.publication_date
    )
{%- endmacro %}
