{#- The year that a printed period ends in: 2022 → 2022; 202122, 2021/22, 2021-22 → 2022; words in brackets after it are
    the publisher's remarks. A period of another form has no year. -#}
{% macro year_of_period(column) -%}
    case
        when {{ matches_whole(column, '\\d{4}(\\s*\\(.*\\))?') }} then cast(left({{ column }}, 4) as integer)
        when {{ matches_whole(column, '\\d{4}[-/ ]?\\d{2}(\\s*\\(.*\\))?') }} then cast(left({{ column }}, 4) as integer) + 1
    end
{%- endmacro %}
