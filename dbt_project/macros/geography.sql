{#- A name as it is compared: no case, no punctuation, no footnote mark, "&" spelt out. -#}
{% macro name_key(name) -%}
    trim(regexp_replace(
        regexp_replace(lower(replace({{ name }}, '&', ' and ')), '[^a-z0-9]+', ' ', 'g'),
        ' ?[0-9]+ *$', ''
    ))
{%- endmacro %}
