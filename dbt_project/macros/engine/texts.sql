{#- A regular expression as a literal. Both engines' kinds are known by what they share: classes, groups, alternatives,
    quantifiers, ^ and $, \d \s \b. A backslash is written twice in a macro's argument. -#}
{% macro regex(pattern) -%}
    {{ adapter.dispatch('regex')(pattern) }}
{%- endmacro %}

{% macro default__regex(pattern) -%}
    '{{ pattern | replace("'", "''") }}'
{%- endmacro %}

{% macro spark__regex(pattern) -%}
    {%- if "'" in pattern -%} r"{{ pattern }}" {%- else -%} r'{{ pattern }}' {%- endif -%}
{%- endmacro %}


{#- Whether a text holds what the expression (SQL: a literal by `regex`, or a column) means. -#}
{% macro matches(text, expression) -%}
    {{ adapter.dispatch('matches')(text, expression) }}
{%- endmacro %}

{% macro default__matches(text, expression) -%}
    regexp_matches({{ text }}, {{ expression }})
{%- endmacro %}

{% macro spark__matches(text, expression) -%}
    regexp_like({{ text }}, {{ expression }})
{%- endmacro %}


{#- Whether a text is nothing but what the pattern means. -#}
{% macro matches_whole(text, pattern) -%}
    {{ adapter.dispatch('matches_whole')(text, pattern) }}
{%- endmacro %}

{% macro default__matches_whole(text, pattern) -%}
    regexp_full_match({{ text }}, {{ regex(pattern) }})
{%- endmacro %}

{#- Java's $ lets a line break follow; \z does not. -#}
{% macro spark__matches_whole(text, pattern) -%}
    regexp_like({{ text }}, {{ regex('\\A(?:' ~ pattern ~ ')\\z') }})
{%- endmacro %}


{#- A text with everything that the pattern means replaced. -#}
{% macro replace_all(text, pattern, replacement) -%}
    {{ adapter.dispatch('replace_all')(text, pattern, replacement) }}
{%- endmacro %}

{% macro default__replace_all(text, pattern, replacement) -%}
    regexp_replace({{ text }}, {{ regex(pattern) }}, '{{ replacement }}', 'g')
{%- endmacro %}

{% macro spark__replace_all(text, pattern, replacement) -%}
    regexp_replace({{ text }}, {{ regex(pattern) }}, '{{ replacement }}')
{%- endmacro %}


{#- The texts of a group one after the other, in order: an aggregate. -#}
{% macro joined_text(text, separator, order_by) -%}
    {{ adapter.dispatch('joined_text')(text, separator, order_by) }}
{%- endmacro %}

{% macro default__joined_text(text, separator, order_by) -%}
    string_agg({{ text }}, {{ separator }} order by {{ order_by }})
{%- endmacro %}

{% macro spark__joined_text(text, separator, order_by) -%}
    string_agg({{ text }}, {{ separator }}) within group (order by {{ order_by }})
{%- endmacro %}


{#- A number that a text prints; null where it prints none. Neither engine's own idea of a number is wanted: 1_000, 1d. -#}
{% macro number_printed(text) -%}
    {{ adapter.dispatch('number_printed')(text) }}
{%- endmacro %}

{% macro default__number_printed(text) -%}
    try_cast({{ text }} as double)
{%- endmacro %}

{% macro spark__number_printed(text) -%}
    case when not regexp_like({{ text }}, r'(?i)[df]\s*$') or regexp_like({{ text }}, r'(?i)inf\s*$') then try_cast({{ text }} as double) end
{%- endmacro %}


{#- SHA-256 in hexadecimal. -#}
{% macro sha256_of(text) -%}
    {{ adapter.dispatch('sha256_of')(text) }}
{%- endmacro %}

{% macro default__sha256_of(text) -%}
    sha256({{ text }})
{%- endmacro %}

{% macro spark__sha256_of(text) -%}
    sha2({{ text }}, 256)
{%- endmacro %}
