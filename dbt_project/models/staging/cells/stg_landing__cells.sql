{{ config(materialized = "view") }}
{#- Every publication's cells, one under the other; the one list of publications that publish figures. -#}
{%- set publications = [
    'dfe_cin', 'dfe_cla', 'dfe_cla_outcomes', 'dfe_outcomes', 'dfe_workforce', 'dfe_s251_outturn', 'dfe_lait',
    'mhclg_ro3_outturn', 'mhclg_ra_budget',
] -%}
{% for publication in publications %}
select * from {{ ref('stg_' ~ publication ~ '__cells') }}
{{ 'union all' if not loop.last }}
{% endfor %}
