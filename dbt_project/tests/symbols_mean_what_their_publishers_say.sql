-- What a symbol stands for is the publisher's to say; these are pinned, so that a slip in the seed is a failure. ees: symbols
-- of Explore Education Statistics (the Government Statistical Service's). sfr: statistical first releases until 2018.
with pinned (symbols, symbol, value_status) as (

    values
    ('ees', 'c', 'suppressed'),
    ('ees', 'low', 'rounds_to_zero'),
    ('ees', 'k', 'rounds_to_zero'),
    ('ees', 'u', 'low_reliability'),
    ('ees', 'x', 'unavailable'),
    ('ees', 'z', 'not_applicable'),
    ('sfr', 'x', 'suppressed'),
    ('sfr', '..', 'unavailable'),
    ('sfr', ':', 'unavailable'),
    ('sfr', '.', 'not_applicable'),
    ('sfr', '-', 'rounds_to_zero'),
    ('lait', '-', 'unavailable')

)

select
    pinned.symbols,
    pinned.symbol,
    pinned.value_status as pinned_status,
    value_symbol.value_status as status_of_the_seed
from pinned
left join {{ ref('value_symbol') }} as value_symbol
    on pinned.symbols = value_symbol.symbols and pinned.symbol = value_symbol.symbol
where value_symbol.value_status is distinct from pinned.value_status
