"""Tests of the code matrices; how is said in analysis/studies/report_themes/matrices.py."""


def model(dbt, session):  # type: ignore[no-untyped-def]
    """One row per sample, level, split and label."""
    from analysis.studies.report_themes.matrices import compare_groups

    matrix = dbt.ref("rpt_report_themes__matrix").df()
    text = ["sample", "level", "split", "label_id", "test", "highest_group", "lowest_group", "reason"]
    return compare_groups(matrix[matrix["split"] != "all"]).astype(dict.fromkeys(text, "str"))
