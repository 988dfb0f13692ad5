"""What stands behind the figures of `rpt_report_quality`: every report that a figure counts as not right."""


def model(dbt, session):  # type: ignore[no-untyped-def]
    """One row per figure and report."""
    from flows.documents.quality import assess_frames

    return assess_frames(
        dbt.ref("int_documents__report").df(),
        dbt.ref("stg_ofsted__report_read").df(),
        dbt.ref("int_documents__official_inspection").df(),
        dbt.ref("report_hand_count").df(),
    ).exceptions
