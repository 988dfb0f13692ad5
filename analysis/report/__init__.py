"""The report site: static pages made from a published warehouse, read-only; no server, no network."""
