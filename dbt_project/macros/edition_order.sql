{#- The order of editions: by the day of the edition itself, so that a revision of it, whenever it came, ranks directly
    after it and before the next edition; `published_on` of a revision is the day from which it was known. -#}
{% macro edition_day(edition) -%}
    coalesce({{ edition }}.edition_published_on, {{ edition }}.published_on)
{%- endmacro %}


{#- Which state of an edition it is: 2022 is the first, 2022-r2 the second, 2022-r0 one found to be before the first. -#}
{% macro revision_number(edition) -%}
    coalesce(try_cast(regexp_extract({{ edition }}, '-r([0-9]+)$', 1) as integer), 1)
{%- endmacro %}
