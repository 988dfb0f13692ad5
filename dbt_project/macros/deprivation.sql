{#- The deprivation third of a rank (1 = most deprived) within a set of authorities: high, middle or low deprivation. Equal
    counts: the outer thirds hold n/3 rounded and the middle what remains (47 → 16/15/16, 151 → 50/51/50). The ranks are
    ranked again within the set, ties by their average. -#}
{% macro deprivation_third(rank, partition_by) -%}
    case
        when {{ rank }} is null then null
        when
            {{ average_rank(rank, partition_by) }}
            <= round(count({{ rank }}) over (partition by {{ partition_by }}) / 3e0)
            then 'high'
        when
            {{ average_rank(rank, partition_by) }}
            > count({{ rank }}) over (partition by {{ partition_by }})
            - round(count({{ rank }}) over (partition by {{ partition_by }}) / 3e0)
            then 'low'
        else 'middle'
    end
{%- endmacro %}


{#- The deprivation decile of a rank (1 = most deprived) within a set of authorities: 10 is the most deprived tenth, 1 the
    least. Ties by their average, so that equals stay together. -#}
{% macro deprivation_decile(rank, partition_by) -%}
    case
        when {{ rank }} is not null
            then cast(
                11 - ceil(10 * {{ average_rank(rank, partition_by) }} / count({{ rank }}) over (partition by {{ partition_by }}))
                as integer
            )
    end
{%- endmacro %}


{#- Rank within a set, ties by their average. -#}
{% macro average_rank(value, partition_by) -%}
    (
        rank() over (partition by {{ partition_by }} order by {{ value }} nulls last)
        + (count(*) over (partition by {{ partition_by }}, {{ value }}) - 1) / 2e0
    )
{%- endmacro %}
