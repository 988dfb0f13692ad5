"""One inspection report: all that is read from it, each answer with its confidence or the reason for its absence."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from flows.documents.dates import Dates, read_dates
from flows.documents.finding import Confidence, Finding, missing
from flows.documents.framework import Cover, Framework, ReportKind, kind_of, read_cover
from flows.documents.judgements import OVERALL, Judgement, read_judgements
from flows.documents.letter import opening_sentence, theme
from flows.documents.lines import body_lines, body_size
from flows.documents.others import refuse_others
from flows.documents.pdf import DocumentText, Limits, Page, Refusal, RefusalReason, read_pages
from flows.documents.previous import PreviousJudgement, read_previous
from flows.documents.recommendations import Recommendations, read_recommendations
from flows.documents.sections import Section

_URN = re.compile(r"\b(?:URN|unique reference number)\b\W{0,5}(\d{5,7})\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Report:
    """What one report says.

    Attributes:
        file: name of the file.
        sha256: hash of its bytes, in hexadecimal.
        page_count: number of pages.
        pages_without_text: pages on which no text was found (pictures), from 1.
        cover: framework, title and authority.
        urn: Ofsted's number of the authority, as printed.
        opening: first sentences of a letter, which name its authority too; empty for a report.
        theme: what a visit or joint inspection looked at, in the inspectors' words.
        dates: days of the inspection and of publication.
        judgements: every judgement of the framework's table, the overall one first.
        previous: earlier judgements that the report states.
        recommendations: what it asks for.
    """

    file: str
    sha256: str
    page_count: int
    pages_without_text: tuple[int, ...]
    cover: Cover
    urn: Finding[int]
    opening: str
    theme: str | None
    dates: Dates
    judgements: tuple[Judgement, ...]
    previous: tuple[PreviousJudgement, ...]
    recommendations: Recommendations

    @property
    def kind(self) -> ReportKind | None:
        """What the document is; None where its first page does not tell."""
        return kind_of(self.cover.framework.value)

    @property
    def overall(self) -> Judgement | None:
        """The overall judgement; None for visits and reviews that give none."""
        return next((judgement for judgement in self.judgements if judgement.measure == OVERALL), None)


@dataclass(frozen=True, slots=True)
class UnreadReport:
    """A file that was refused."""

    file: str
    sha256: str
    refusal: Refusal


def read_report(data: bytes, file: str, limits: Limits | None = None) -> Report | UnreadReport:
    """Read one report from its bytes.

    Args:
        data: bytes of the PDF.
        file: its name, which is kept and tells nothing: see :mod:`flows.documents.naming`.
        limits: what reading may cost.

    Returns:
        The report, or the refusal. No exception leaves this function for any bytes. The same bytes give the same
        result.
    """
    sha256 = hashlib.sha256(data).hexdigest()
    document = read_pages(data, limits)
    if isinstance(document, Refusal):
        return UnreadReport(file, sha256, document)
    try:
        refusal = refuse_others(document)
        return UnreadReport(file, sha256, refusal) if refusal else _read(document, file, sha256)
    except Exception as error:
        # A document that provokes an error in the rules is refused as a whole: a part of the answers would pass for
        # all of them.
        return UnreadReport(
            file, sha256, Refusal(RefusalReason.DAMAGED, f"the rules failed with {type(error).__name__}")
        )


def read_report_file(path: Path, limits: Limits | None = None) -> Report | UnreadReport:
    """Read one report from a file; a file that cannot be opened, or is larger than the limit, is refused unread."""
    limits = limits or Limits()
    try:
        if path.stat().st_size > limits.max_bytes:
            detail = f"{path.stat().st_size} bytes, more than {limits.max_bytes}"
            return UnreadReport(path.name, "", Refusal(RefusalReason.TOO_LARGE, detail))
        data = path.read_bytes()
    except OSError as error:
        return UnreadReport(
            path.name, "", Refusal(RefusalReason.UNREADABLE_FILE, error.strerror or type(error).__name__)
        )
    return read_report(data, path.name, limits)


def _read(document: DocumentText, file: str, sha256: str) -> Report:
    pages = document.pages
    cover = read_cover(pages)
    framework = cover.framework.value
    lines = body_lines(pages)
    default = {Framework.LSCB_REVIEW: Section.LSCB, Framework.SLAC: Section.SAFEGUARDING}.get(
        framework or Framework.SIF, Section.LOCAL_AUTHORITY
    )
    return Report(
        file=file,
        sha256=sha256,
        page_count=len(pages),
        pages_without_text=document.pages_without_text,
        cover=cover,
        urn=_urn(pages),
        opening=opening_sentence(pages),
        theme=theme(pages, cover.title.printed) if _is_of_visit(cover) else None,
        dates=read_dates(pages),
        judgements=read_judgements(pages, framework),
        previous=read_previous(lines),
        recommendations=read_recommendations(lines, body_size(pages), default, is_letter=_is_of_visit(cover)),
    )


def _is_of_visit(cover: Cover) -> bool:
    kind = kind_of(cover.framework.value)
    return kind is not None and kind not in (ReportKind.FULL_INSPECTION, ReportKind.SAFEGUARDING_BOARD_REVIEW)


def _urn(pages: tuple[Page, ...]) -> Finding[int]:
    for page in pages[:2]:
        printed = _URN.search(page.text)
        if printed:
            return Finding(int(printed[1]), Confidence.HIGH, None, page.number, printed[0])
    return missing("the first pages print no number of the authority")
