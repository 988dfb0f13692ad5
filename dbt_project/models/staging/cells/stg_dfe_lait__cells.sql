{{ cells('dfe_lait', [
    'long',
]) }}
