{#- Orders editions of reference data, best first: the newest published by the as-of date; where none was, the oldest there
    is (an index or a rank is needed for any year's figures, and a later edition of it does not tell the future). -#}
{% macro newest_known(edition) -%}
    {{ edition }}.is_known desc,
    case when {{ edition }}.is_known then {{ edition_day(edition) }} end desc nulls last,
    {{ edition_day(edition) }},
    {{ revision_number(edition ~ '.edition') }} desc
{%- endmacro %}
