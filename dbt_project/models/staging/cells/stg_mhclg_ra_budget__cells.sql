{{ cells('mhclg_ra_budget', [
    'net_current_expenditure',
    'net_current_expenditure_text',
], named_in = []) }}
