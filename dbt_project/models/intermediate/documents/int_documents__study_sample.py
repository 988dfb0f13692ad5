"""The reports drawn for people to code; how is said in analysis/studies/report_themes/sampling.py."""


def model(dbt, session):  # type: ignore[no-untyped-def]
    """One row per drawn report."""
    from analysis.studies.report_themes.sampling import FRAMEWORKS, draw

    frame = dbt.ref("int_documents__study_frame").df()
    return draw(frame[frame["framework"].isin(list(FRAMEWORKS))])[["report_id", "draw_order"]].astype(
        {"report_id": "str", "draw_order": "int32"}
    )
