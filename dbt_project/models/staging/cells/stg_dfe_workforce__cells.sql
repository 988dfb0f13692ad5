{{ cells('dfe_workforce', [
    'census',
    'headline_measures',
]) }}
