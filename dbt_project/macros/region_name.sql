{#- A region's name as DfE writes it; other publishers and years spell it otherwise. -#}
{% macro region_name(column) -%}
    case lower(trim({{ column }}))
        when 'north east' then 'North East'
        when 'north west' then 'North West'
        when 'yorkshire and the humber' then 'Yorkshire and The Humber'
        when 'yorkshire & the humber' then 'Yorkshire and The Humber'
        when 'yorks & the humber' then 'Yorkshire and The Humber'
        when 'yorkshire and humber' then 'Yorkshire and The Humber'
        when 'east midlands' then 'East Midlands'
        when 'west midlands' then 'West Midlands'
        when 'east of england' then 'East of England'
        when 'east' then 'East of England'
        when 'london' then 'London'
        when 'inner london' then 'Inner London'
        when 'london (inner)' then 'Inner London'
        when 'outer london' then 'Outer London'
        when 'london (outer)' then 'Outer London'
        when 'south east' then 'South East'
        when 'south west' then 'South West'
    end
{%- endmacro %}
