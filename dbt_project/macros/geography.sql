{#- A name as it is compared: no case, no punctuation, no footnote mark, "&" spelt out. -#}
{% macro name_key(name) -%}
    trim(regexp_replace(
        {{ replace_all("lower(replace(" ~ name ~ ", '&', ' and '))", '[^a-z0-9]+', ' ') }},
        ' ?[0-9]+ *$', ''
    ))
{%- endmacro %}


{#- A name without the words for the kind of authority, as printed names vary in them: "Metropolitan Borough of Barnsley"
    is Barnsley. A name that has no other words stays as it is. -#}
{% macro short_name_key(name) -%}
    {%- set kinds = '\\b(the|royal|london|metropolitan|district|borough|county|city|unitary|authority|council|of|area|upon|on)\\b' -%}
    coalesce(nullif(trim({{ replace_all(replace_all(name_key(name), kinds, ' '), ' +', ' ') }}), ''), {{ name_key(name) }})
{%- endmacro %}
