{#- A name as it is compared: no case, no punctuation, no footnote mark, "&" spelt out. -#}
{% macro name_key(name) -%}
    trim(regexp_replace(
        regexp_replace(lower(replace({{ name }}, '&', ' and ')), '[^a-z0-9]+', ' ', 'g'),
        ' ?[0-9]+ *$', ''
    ))
{%- endmacro %}


{#- A name without the words for the kind of authority, as printed names vary in them: "Metropolitan Borough of Barnsley"
    is Barnsley. A name that has no other words stays as it is. -#}
{% macro short_name_key(name) -%}
    coalesce(nullif(trim(regexp_replace(
        regexp_replace(
            {{ name_key(name) }},
            '\b(the|royal|london|metropolitan|district|borough|county|city|unitary|authority|council|of|area|upon|on)\b', ' ', 'g'
        ),
        ' +', ' ', 'g'
    )), ''), {{ name_key(name) }})
{%- endmacro %}
