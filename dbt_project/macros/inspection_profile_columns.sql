{#- The columns of int_inspection__profile that every sample of inspections shows first, in order. -#}
{% macro inspection_profile_columns(alias) -%}
    {%- set columns = [
        'inspection_id', 'la_code', 'la_name', 'region_name', 'framework', 'inspection_type', 'publication_date',
        'inspection_date', 'year_by_publication', 'year_by_inspection', 'is_first_in_framework',
        'is_excluded_from_studies', 'overall_judgement', 'outcome_group', 'help_and_protection',
        'children_looked_after', 'leadership', 'rural_urban_class', 'imd_edition', 'imd_average_score', 'imd_rank',
        'is_other_imd_edition', 'imd_2015_average_score', 'imd_2015_rank', 'imd_2019_average_score', 'imd_2019_rank',
    ] -%}
    {%- for column in columns -%}
        {{ alias }}.{{ column }}{{ ',\n        ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}
