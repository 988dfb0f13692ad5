"""What the real servers do that a simple one would not, each a switch; `SPEC.md` has the source of every one.

All are on unless a test says otherwise: :meth:`Quirks.none` turns them all off, ``replace(Quirks(), rows_capped=30)``
changes one.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any


@dataclass(frozen=True)
class Quirks:
    """Switches of the servers."""

    release_id_is_a_version: bool = True
    """``data-set-files?releaseId=`` takes a version id; a release id finds nothing."""
    page_size_40: bool = True
    """A page of the catalogue holds 40 at most; more is refused."""
    superseded_files_404: bool = True
    """A data-set file that an amendment replaced is gone."""
    empty_release_file: bool = True
    """``releases/{version}/files/{file}`` of data uploaded since July 2025: 200, an ETag, and nothing."""
    weak_etags: bool = True
    """``W/"md5"``, and no ranges."""
    superseded_version_403: bool = True
    """Files of a version that is not the latest are forbidden."""
    stale_zip: bool = False
    """The zip of all files lags an hour behind an amendment. A state that passes, so off unless a test turns it on."""
    unknown_parameter_400: bool = True
    """The public API refuses a parameter that it does not know."""
    always_gzip_csv: bool = True
    """The public API sends CSV as gzip to everybody."""
    find_statistics_308: bool = True
    """The publication's page leads to its latest release's."""
    every_release: bool = True
    """Servers offer releases and pages that nobody holds: older ones, and the next."""
    own_series: bool = True
    """ONS has series that the folder lacks, with figures of the servers' own."""
    canonical_303: bool = True
    """An old path of a content item leads to the canonical one."""
    gone_410: bool = True
    """A collection lists a page that was taken down."""
    external_attachments: bool = True
    """Attachments that are pages, or lie elsewhere, stand among the files."""
    html_documents_only: bool = True
    """Pages of before 2016 have their attachments in HTML alone."""
    other_names: bool = True
    """Section 251's files are not called as one researcher renamed them."""
    zipped_data: bool = True
    """Underlying data of some years are one zip, which two of our publications want."""
    rows_capped: int = 100
    """Authorities on one page of Ofsted's list, whatever was asked; 0 for no cap."""
    official_names: bool = True
    """Authorities under their official names."""
    every_kind_of_report: bool = True
    """Focused visits, joint inspections and area SEND among the reports."""
    empty_middles: bool = True
    """``Children's services inspection,  pdf - 16 August 2013``."""
    listed_twice: bool = True
    """The list has one authority on two pages."""
    needs_user_agent: bool = True
    """Programs that say so are turned away."""
    nomis_types: bool = True
    """Each type of geography has its own areas."""
    abolished_areas_empty: bool = True
    """Areas that are no more have no figures, at any date."""
    nomis_25000: int = 25_000
    """Rows that a guest gets at once."""

    @classmethod
    def none(cls) -> Quirks:
        """Servers without any."""
        plain: dict[str, Any] = {f.name: False if isinstance(f.default, bool) else 0 for f in fields(cls)}
        return replace(cls(), **plain)
