{#- One column per measure, for those who query wide; a value without its status is only ever a number that was
    reported, everything else is null. -#}
{{ wide_measures('int_measures__la_year') }}
order by la_code, year
