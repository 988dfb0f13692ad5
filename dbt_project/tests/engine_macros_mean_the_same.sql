-- What each engine spells in its own way means the same on every engine: a row is a macro that does not.
with examples as (

    select 'days_between' as macro, {{ days_between("date '2024-02-28'", "date '2024-03-01'") }} = 2 as holds
    union all
    select 'days_between, backwards', {{ days_between("date '2024-03-01'", "date '2024-02-28'") }} = -2
    union all
    select 'whole_months_between', {{ whole_months_between("date '2024-01-15'", "date '2024-03-14'") }} = 1
    union all
    select 'whole_months_between, last days', {{ whole_months_between("date '2024-01-31'", "date '2024-02-29'") }} = 1
    union all
    select 'day_month_year', {{ day_month_year("'07/11/22'") }} = date '2022-11-07'
    union all
    select 'utc_timestamp', {{ utc_timestamp("'2024-07-01T10:00:00+01:00'") }} = timestamp '2024-07-01 09:00:00'
    union all
    select 'matches', {{ matches("'a_rate'", regex('_rate$')) }} and not {{ matches("'a_rate_per'", regex('_rate$')) }}
    union all
    select 'matches_whole', {{ matches_whole("'2021/22 (revised)'", '\\d{4}/\\d{2}(\\s*\\(.*\\))?') }}
    union all
    select 'matches_whole, a line more', not {{ matches_whole("'2022' || chr(10)", '\\d{4}') }}
    union all
    select 'replace_all', {{ replace_all("'a''b''c  d'", "['’]| +", '-') }} = 'a-b-c-d'
    union all
    select 'regex, word boundaries', {{ replace_all("'county of countyside'", '\\b(county|of)\\b', '') }} = '  countyside'
    union all
    select 'number_printed', {{ number_printed("' 1.5e3 '") }} = 1500 and {{ number_printed("'-0.5'") }} = -0.5
    union all
    select
        'number_printed, symbols',
        coalesce(
            {{ number_printed("'x'") }}, {{ number_printed("'..'") }}, {{ number_printed("''") }},
            {{ number_printed("'1d'") }}, {{ number_printed("'2f'") }}, {{ number_printed("'5 %'") }}
        ) is null
    union all
    select 'sha256_of', {{ sha256_of("'a'") }} = 'ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb'
    union all
    select 'list_of, item', {{ item(list_of(["'a'", "'b'"]), 2) }} = 'b'
    union all
    select 'no_texts', {{ item('array_append(' ~ no_texts() ~ ", 'a')", 1) }} = 'a'
    union all
    select 'count_items', {{ count_items(list_of([1, 2, 3, 2]), 'it', 'it = 2') }} = 2
    union all
    select 'numbers', count(*) = 11 and min(number) = -5 and max(number) = 5
    from unnest({{ numbers(-5, 5) }}) as numbers (number)
    union all
    select 'parts_of', count(*) = 2 and min(part) = 'a.b' and max(part) = 'c'
    from unnest({{ parts_of("'a.b + c'", ' + ') }}) as parts (part)
    union all
    select 'joined_text', {{ joined_text('word', "'; '", 'place desc') }} = 'c; b; a'
    from (values ('b', 2), ('a', 1), ('c', 3)) as words (word, place)
    union all
    select 'in_order', {{ in_order('sum', 'amount', 'place') }} = 6 and {{ in_order('avg', 'amount', 'place') }} = 2
    from (values (1, 1), (2, 2), (3, 3)) as amounts (amount, place)
    union all
    select
        'quantiles',
        {{ item(quantiles('amount', [0.25, 0.5]), 1) }} = 1.75 and {{ item(quantiles('amount', [0.25, 0.5]), 2) }} = 2.5
    from (values (1), (2), (3), (4)) as amounts (amount)
    union all
    select 'all_but', min(kept) = 1
    from (select {{ all_but('given', ['dropped']) }} from (select 1 as kept, 2 as dropped) as given)
    union all
    select 'unpivoted, a cell that is null is no row', count(*) = 1 and min(column_name) = 'a "b" (c.d)' and min(value_text) = 'x'
    from {{ unpivoted(
        "(select 1 as _row, 'x' as " ~ identifier('a "b" (c.d)') ~ ", cast(null as string) as e)", ['_row'], ['a "b" (c.d)', 'e']
    ) }}
    union all
    select 'pivoted', count(*) = 2 and sum(a) = 1 and sum(b) = 5
    from {{ pivoted(
        "(select * from (values (1, 'a', 1), (1, 'b', 2), (2, 'b', 3), (2, 'z', 9)) as figures (id, name, amount))",
        ['id'], 'name', 'amount', ['a', 'b']
    ) }}

)

select macro from examples where holds is not true
