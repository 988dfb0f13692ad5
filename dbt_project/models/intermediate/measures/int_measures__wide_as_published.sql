{#- One column per measure, as published: what the studies' authors had before them. -#}
{{ wide_measures('int_measures__as_published') }}
