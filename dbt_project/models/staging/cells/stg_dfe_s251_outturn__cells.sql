{{ cells('dfe_s251_outturn', [
    'table_a1',
]) }}
