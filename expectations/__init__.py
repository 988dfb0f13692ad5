"""Great Expectations: landed tables before anything is built from them, and marts before they are published.

``gate`` looks at landed tables, ``release`` at the warehouse that is to be published. Suites are files
(``*/suites/*.yml``); ``gx`` runs them, ``data_docs`` writes what they found as pages, ``worker`` does both in a
process of its own. Takes paths and plain data, and knows nothing of the product around it.
"""
