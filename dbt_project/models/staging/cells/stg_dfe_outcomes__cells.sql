{{ cells('dfe_outcomes', [
    'absence',
    'free_school_meals',
    'ks2',
    'ks4',
    'exclusions',
    'school_type',
    'sen',
]) }}
