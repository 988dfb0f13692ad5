"""Figures of how well the reports were read; what they are is said in flows/documents/quality.py."""


def model(dbt, session):  # type: ignore[no-untyped-def]
    """One row per figure."""
    from flows.documents.quality import assess_frames

    return assess_frames(
        dbt.ref("int_documents__report").df(),
        dbt.ref("stg_ofsted__report_read").df(),
        dbt.ref("int_documents__official_inspection").df(),
        dbt.ref("report_hand_count").df(),
    ).figures
