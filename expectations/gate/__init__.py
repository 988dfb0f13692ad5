"""The gate: landed tables are checked before anything is built from them."""
