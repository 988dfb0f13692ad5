{#- Days from one date to another. -#}
{% macro days_between(first, last) -%}
    {{ adapter.dispatch('days_between')(first, last) }}
{%- endmacro %}

{% macro default__days_between(first, last) -%}
    date_diff('day', {{ first }}, {{ last }})
{%- endmacro %}

{% macro spark__days_between(first, last) -%}
    datediff(day, {{ first }}, {{ last }})
{%- endmacro %}


{#- Whole months from one date to another; from the last day of a month to the last of another is whole. -#}
{% macro whole_months_between(first, last) -%}
    {{ adapter.dispatch('whole_months_between')(first, last) }}
{%- endmacro %}

{% macro default__whole_months_between(first, last) -%}
    datesub('month', {{ first }}, {{ last }})
{%- endmacro %}

{% macro spark__whole_months_between(first, last) -%}
    cast(floor(months_between({{ last }}, {{ first }})) as bigint)
{%- endmacro %}


{#- The date that a text prints as day/month/year, the year in two digits. -#}
{% macro day_month_year(text) -%}
    {{ adapter.dispatch('day_month_year')(text) }}
{%- endmacro %}

{% macro default__day_month_year(text) -%}
    cast(strptime({{ text }}, '%d/%m/%y') as date)
{%- endmacro %}

{% macro spark__day_month_year(text) -%}
    to_date({{ text }}, 'd/M/yy')
{%- endmacro %}


{#- The moment that a text with an offset says, as a timestamp of UTC. -#}
{% macro utc_timestamp(text) -%}
    {{ adapter.dispatch('utc_timestamp')(text) }}
{%- endmacro %}

{% macro default__utc_timestamp(text) -%}
    cast({{ text }} as timestamptz) at time zone 'UTC'
{%- endmacro %}

{#- The session is in UTC (profiles.yml). -#}
{% macro spark__utc_timestamp(text) -%}
    cast({{ text }} as timestamp)
{%- endmacro %}
