{{ cells('dfe_s251_outturn', [
    'table_a1',
], named_in = ['measure_source', 'spend_column']) }}
