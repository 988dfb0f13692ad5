"""Published documents as rows: inspection reports from PDF bytes to judgements, dates and recommendations.

The rooms, in the order a document passes through them: `pdf` (bytes to lines of text with their place on the page),
`lines` (what belongs to the page rather than to the report is set aside), `framework`, `dates`, `judgements`,
`previous`, and `sections` with `recommendations` (one question each), `report` (all answers of one report), `batch`
(many reports at once), `rows` (reports as tables) and `quality` (the tables against the official record and against
counts made by hand).
"""
