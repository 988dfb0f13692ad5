"""Explore Education Statistics, public API: another way to the CSV of a data set that was opted in."""

from __future__ import annotations


def csv_url(base: str, data_set_id: str, version: str = "") -> str:
    """Address of a data set as CSV; the answer is always gzip.

    Args:
        base: base address of the API.
        data_set_id: as the release's data content gives it.
        version: a version or wildcard (``2.*``); the latest published where blank.
    """
    return f"{base}/data-sets/{data_set_id}/csv" + (f"?dataSetVersion={version}" if version else "")
