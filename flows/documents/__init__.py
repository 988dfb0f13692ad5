"""Published documents as rows: inspection reports from PDF bytes to judgements, dates and recommendations.

The rooms, in the order a document passes through them: `pdf` (bytes to lines of text with their place on the page),
`lines` (what belongs to the page rather than to the report is set aside), `framework`, `dates`, `judgements`,
`previous`, and `sections` with `recommendations` (one question each), `report` (all answers of one report), `batch`
(many reports at once) and `rows` (reports as tables). How well they were read, against the official record and against
counts made by hand, is a dbt model, `int_documents__reading_check`.
"""
