{{ cells('mhclg_ro3_outturn', [
    'ro3',
    'ro3_net',
    'rsx',
], named_in = []) }}
