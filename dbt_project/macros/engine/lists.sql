{#- A list of expressions. -#}
{% macro list_of(items) -%}
    {{ adapter.dispatch('list_of')(items) }}
{%- endmacro %}

{% macro default__list_of(items) -%}
    [{{ items | join(', ') }}]
{%- endmacro %}

{% macro spark__list_of(items) -%}
    array({{ items | join(', ') }})
{%- endmacro %}


{#- An empty list of texts. -#}
{% macro no_texts() -%}
    {{ adapter.dispatch('no_texts')() }}
{%- endmacro %}

{% macro default__no_texts() -%}
    cast([] as varchar[])
{%- endmacro %}

{% macro spark__no_texts() -%}
    cast(array() as array<string>)
{%- endmacro %}


{#- An item of a list, the first being 1. -#}
{% macro item(list, position) -%}
    {{ adapter.dispatch('item')(list, position) }}
{%- endmacro %}

{% macro default__item(list, position) -%}
    {{ list }}[{{ position }}]
{%- endmacro %}

{% macro spark__item(list, position) -%}
    element_at({{ list }}, {{ position }})
{%- endmacro %}


{#- How many items of a list meet a condition in which the item is called by a name. -#}
{% macro count_items(list, name, condition) -%}
    {{ adapter.dispatch('count_items')(list, name, condition) }}
{%- endmacro %}

{% macro default__count_items(list, name, condition) -%}
    len(list_filter({{ list }}, lambda {{ name }}: {{ condition }}))
{%- endmacro %}

{% macro spark__count_items(list, name, condition) -%}
    size(filter({{ list }}, {{ name }} -> {{ condition }}))
{%- endmacro %}


{#- The whole numbers from one to another as a list: for `cross join unnest(…)`. -#}
{% macro numbers(first, last) -%}
    {{ adapter.dispatch('numbers')(first, last) }}
{%- endmacro %}

{% macro default__numbers(first, last) -%}
    generate_series({{ first }}, {{ last }})
{%- endmacro %}

{% macro spark__numbers(first, last) -%}
    sequence({{ first }}, {{ last }})
{%- endmacro %}


{#- The parts of a text between separators (a literal text) as a list. -#}
{% macro parts_of(text, separator) -%}
    {{ adapter.dispatch('parts_of')(text, separator) }}
{%- endmacro %}

{% macro default__parts_of(text, separator) -%}
    string_split({{ text }}, '{{ separator }}')
{%- endmacro %}

{% macro spark__parts_of(text, separator) -%}
    split({{ text }}, {{ regex('\\Q' ~ separator ~ '\\E') }})
{%- endmacro %}
