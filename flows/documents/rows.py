"""Reports as tables: one row a report, a judgement, an earlier judgement, a recommendation.

Every row carries `file` and `sha256`, so that rows may be kept under the hash of their file and put together again in
any order. `reader_version` is the caller's to fill. Values are plain: text, whole numbers, dates, booleans, None.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from flows.documents.columns import COLUMNS, MEASURES
from flows.documents.dates import Dates
from flows.documents.finding import Finding
from flows.documents.framework import INSPECTIONS, Framework, ReportKind, authority_key
from flows.documents.judgements import NOT_GIVEN, Judgement
from flows.documents.report import Report, UnreadReport
from flows.documents.sections import Section

Row = dict[str, Any]


@dataclass
class Tables:
    """Rows of all tables; `COLUMNS` names the columns of each, in order, also where a table is empty."""

    reports: list[Row] = field(default_factory=list)
    judgements: list[Row] = field(default_factory=list)
    previous_judgements: list[Row] = field(default_factory=list)
    recommendations: list[Row] = field(default_factory=list)

    def extend(self, other: Tables) -> None:
        """Append the rows of other tables."""
        for name in COLUMNS:
            getattr(self, name).extend(getattr(other, name))


def tables(results: Iterable[Report | UnreadReport]) -> Tables:
    """Rows of any number of results, in their order."""
    gathered = Tables()
    for result in results:
        gathered.extend(_refused(result) if isinstance(result, UnreadReport) else _read(result))
    return gathered


def _refused(result: UnreadReport) -> Tables:
    row = _row(
        "reports",
        file=result.file,
        sha256=result.sha256,
        status="refused",
        refusal_reason=str(result.refusal.reason),
        refusal_detail=result.refusal.detail,
    )
    return Tables(reports=[row])


def _read(report: Report) -> Tables:
    key = {"file": report.file, "sha256": report.sha256}
    return Tables(
        reports=[_report(report)],
        judgements=[
            _row(
                "judgements",
                **key,
                measure=entry.measure,
                label=entry.label,
                grade=entry.grade,
                printed=entry.printed,
                page=entry.page,
                confidence=_text(entry.confidence),
                reason=entry.reason,
            )
            for entry in report.judgements
        ],
        previous_judgements=[
            _row(
                "previous_judgements",
                **key,
                item=item,
                subject=entry.subject,
                grade=entry.grade,
                printed=entry.printed,
                year=entry.year,
                month=entry.month,
                dated_by=entry.dated_by,
                page=entry.page,
                confidence=_text(entry.confidence),
                sentence_kind=entry.sentence_kind,
            )
            for item, entry in enumerate(report.previous, 1)
        ],
        recommendations=[
            _row(
                "recommendations",
                **key,
                item=entry.item,
                section=str(entry.section),
                urgency=str(entry.urgency),
                heading=entry.heading,
                number=entry.number,
                text=entry.text,
                sub_item_count=len(entry.sub_items),
                page=entry.page,
                last_page=entry.last_page,
                confidence=_text(entry.confidence),
                reason=entry.reason,
            )
            for entry in report.recommendations.items
        ],
    )


def _report(report: Report) -> Row:
    cover, found = report.cover, report.recommendations
    grades: dict[str, Judgement] = {entry.measure: entry for entry in report.judgements}
    overall = report.overall
    sections = [entry.section for entry in found.items]
    return _row(
        "reports",
        file=report.file,
        sha256=report.sha256,
        status="read",
        page_count=report.page_count,
        pages_without_text=_joined(report.pages_without_text),
        report_kind=_text(report.kind),
        **_framework(cover.framework),
        is_reinspection=cover.is_reinspection,
        title=cover.title.value,
        title_printed=cover.title.printed,
        opening=report.opening or None,
        visit_theme=report.theme,
        authority_printed=cover.authority.value,
        authority_key=authority_key(cover.authority.value) if cover.authority.value else None,
        authority_confidence=_text(cover.authority.confidence),
        authority_reason=cover.authority.reason,
        **_finding("urn", report.urn, int),
        **_dates(report.dates),
        **{measure: grades[measure].grade if measure in grades else None for measure in MEASURES},
        overall_status=_overall_status(report),
        overall_confidence=_text(overall.confidence) if overall else None,
        overall_reason=overall.reason if overall else "documents of this kind give no overall judgement",
        recommendation_count=len(found.items),
        recommendation_count_local_authority=len(sections) - sections.count(Section.LSCB),
        recommendation_count_lscb=sections.count(Section.LSCB),
        recommendation_headings=_joined(f"p. {page}: {heading}" for page, heading in found.headings),
        recommendation_statements=_joined(found.statements),
        recommendation_reason=found.reason,
        recommendation_exceptions=_joined(
            f"p. {page}: an entry of {length} characters, longer than any item: the end of the list was missed"
            for page, length in found.too_long
        ),
    )


def _framework(finding: Finding[Framework]) -> Row:
    """The framework of an inspection or of the review of a board; visits and joint inspections have none."""
    row = _finding("framework", finding, str)
    if finding.value is None or finding.value in INSPECTIONS or finding.value is Framework.LSCB_REVIEW:
        return row
    return {"framework": None, "framework_confidence": None, "framework_reason": "documents of this kind have none"}


def _overall_status(report: Report) -> str:
    """`given`, `none_given` (the report gives none), `not_read` (it may print one) or `not_due` (its kind has none)."""
    overall = report.overall
    if report.kind is not ReportKind.FULL_INSPECTION or overall is None:
        return "not_due"
    if overall.grade is not None:
        return "given"
    is_said = overall.reason == NOT_GIVEN or (overall.printed is not None and overall.reason is not None)
    return "none_given" if is_said and "unknown words" not in str(overall.reason) else "not_read"


def _dates(dates: Dates) -> Row:
    first, published = dates.first_day, dates.published
    return {
        "inspection_first_day": first.value,
        "inspection_last_day": dates.last_day.value,
        "inspection_parts": _joined(_stretch(begin, end) for begin, end in dates.parts),
        "inspection_dates_printed": first.printed,
        "inspection_dates_confidence": _text(first.confidence),
        "inspection_dates_reason": first.reason,
        "publication_date": published.value,
        "publication_printed": published.printed,
        "publication_confidence": _text(published.confidence),
        "publication_reason": published.reason,
    }


def _stretch(begin: date, end: date) -> str:
    return f"{begin.isoformat()}/{end.isoformat()}"


def _finding(name: str, finding: Finding[Any], kind: type) -> Row:
    value = kind(finding.value) if finding.value is not None else None
    return {name: value, f"{name}_confidence": _text(finding.confidence), f"{name}_reason": finding.reason}


def _row(table: str, **values: Any) -> Row:
    unknown = set(values) - set(COLUMNS[table])
    if unknown:
        raise KeyError(f"no such column of {table}: {sorted(unknown)}")
    return {column: values.get(column) for column in COLUMNS[table]}


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _joined(values: Iterable[Any] | Sequence[Any]) -> str | None:
    return "; ".join(str(value) for value in values) or None
