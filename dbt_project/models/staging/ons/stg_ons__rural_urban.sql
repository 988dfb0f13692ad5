with landed as (

    select * from {{ landed_cells('ons_rural_urban', 'upper_tier') }}

),

final as (

    select
        _source as source,
        _edition as edition,
        _gss_code as unit_ons_code,
        min(_la_name) as unit_name,
        max(value_text) filter (where column_name like '%(6 fold)') as class_six,
        max(value_text) filter (where column_name like '%(3 fold)') as class_three
    from landed
    where _level = 'la'
    group by _source, _edition, _gss_code

)

select * from final
