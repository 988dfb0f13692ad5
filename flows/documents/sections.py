"""Headings around the recommendations: where a list begins, whom it addresses, how soon, where it ends."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import StrEnum

from flows.documents.grades import GRADE_WORDS
from flows.documents.lines import heading_text, is_big, join_text, split_marker
from flows.documents.pdf import Line


class Section(StrEnum):
    """Whom, or which service, a recommendation is addressed to."""

    LOCAL_AUTHORITY = "local_authority"
    LSCB = "lscb"
    SAFEGUARDING = "safeguarding"
    LOOKED_AFTER = "looked_after"


class Urgency(StrEnum):
    """How soon the report wants it; `IMPROVEMENT` where it only asks for improvement."""

    PRIORITY = "priority_action"
    IMMEDIATELY = "immediately"
    WITHIN_THREE_MONTHS = "within_three_months"
    WITHIN_SIX_MONTHS = "within_six_months"
    IMPROVEMENT = "improvement"


_PRIORITY = r"areas? for priority action|priority (?:and immediate )?actions?|immediate and priority actions?"
_IMPROVEMENT = r"(?:key )?areas? (?:(?:for|of) (?:improvement|development)|to improve)"
_START = re.compile(
    r"recommendations?(?: for (?:improvement|the (?:local authority|board|lscb)))?"
    r"|what do(?:es)? (?:the )?.{0,60}?\bneeds? to improve(?: further| next)?"
    r"|what needs to improve(?: further| next| in this area of social work practice)?"
    r"|what (?:the )?(?:local authority|council|authority|leaders|trust|partnership) needs? to"
    r" (?:do (?:next|better|to improve)|improve)(?: further)?"
    r"|(?:improvement priorities|priorities for improvement)"
    rf"|{_IMPROVEMENT}|{_PRIORITY}"
)
_URGENCIES = (
    (re.compile(_PRIORITY), Urgency.PRIORITY),
    (re.compile(r"immediately(?: \(.*)?"), Urgency.IMMEDIATELY),
    (re.compile(r"within (?:three|3) months(?: .*)?"), Urgency.WITHIN_THREE_MONTHS),
    (re.compile(r"within (?:six|6) months(?: .*)?"), Urgency.WITHIN_SIX_MONTHS),
    (re.compile(_IMPROVEMENT), Urgency.IMPROVEMENT),
)
_END = re.compile(
    r"summary for children|inspection (?:findings|judge?ments?)|the (?:local authority"
    r"|lscb)(?:'s)? (?:has the following )?strengths"
    r"|the local authority$|the (?:local authority|lscb) has the following|key strengths|strengths\b|progress since"
    r"|information about|(?:the )?experiences? and progress of|(?:the )?impact of leaders|outcomes for"
    r"|safeguarding outcomes|(?:main |headline |key )?findings\b|overview$|areas of strength|context$|inspection team"
    r"|(?:case|practice) study|leadership,? management and governance"
    r"|children (?:who need help and protection|looked after and achieving|in need of help)"
    r"|overall effectiveness|capacity (?:for|to) improve|what the inspection judge?ments mean|section [0-9]"
    r"|executive summary"
    r"|the (?:effectiveness of the )?local safeguarding children|the effectiveness of the (?:help|lscb)"
    r"|the quality of (?:practice|provision)$"
    r"|leadership and governance$|record of main findings|summary of (?:key )?findings|annex|previous ofsted"
    r"|about this|next steps"
    r"|yours sincerely|the office for standards in education|ofsted will take the findings"
)
_BOARD = re.compile(r"\blscb\b|safeguarding children board|\bboard\b")
_BOARD_PART = re.compile(
    r"(?:section (?:2|two):? *)?(?:the effectiveness of )?(?:the )?local safeguarding children board"
    r"(?: \(lscb\))?(?: (?:is|are|requires?)\b.*)?"
    r"|section (?:2|two)\b.*safeguarding.*"
    r"|review of the effectiveness of the local safeguarding(?: children)?(?: board)?"
)
# What ends a document ends its last section, however it is set.
_CLOSINGS = ("the office for", "yours sincerely", "ofsted will take the findings")
_GRADED = re.compile(rf":\s*(?:{GRADE_WORDS})\s*$", re.IGNORECASE)
_CHAPTER_NAME = re.compile(r"(?:the )?(?:experiences? and progress of|impact of leaders|overall effectiveness)")
# A heading that ends a section is at least so much larger than the text; small headings inside a list are not.
_CHAPTER = 1.25


def without_contents(lines: Sequence[Line], body: float) -> list[Line]:
    """Lines without tables of contents, whose entries read like headings; a table reaches to the end of its page."""
    kept: list[Line] = []
    page = 0
    for line in lines:
        if heading_text(line.text) == "contents" and (line.bold or is_big(line, body)):
            page = line.page
        if line.page != page:
            kept.append(line)
    return kept


def stands_out(line: Line, body: float) -> bool:
    """Whether a line is set as headings are: bold, or larger than the text."""
    return line.bold or is_big(line, body)


def heading_at(lines: Sequence[Line], index: int, body: float) -> tuple[str, int]:
    """The heading that begins at a line, as a key (`lines.heading_text`), and the number of its lines.

    A heading that stands out may be parted into up to three lines; one line is preferred when it is a known heading
    by itself.
    """
    first = lines[index]
    key = heading_text(first.text)
    if _START.fullmatch(key) or not stands_out(first, body):
        return key, 1
    texts = [first.text]
    for previous, line in zip(lines[index : index + 2], lines[index + 1 : index + 3], strict=False):
        alike = line.bold == first.bold and abs(line.size - first.size) < 0.5 and line.page == first.page
        if not alike or previous.y - line.y > 2.0 * first.size or split_marker(line.text):
            break
        texts.append(line.text)
        joined = heading_text(join_text(texts))
        if _START.fullmatch(joined) or _BOARD_PART.fullmatch(joined):
            return joined, len(texts)
    return key, 1


def is_start(lines: Sequence[Line], index: int, key: str, used: int, body: float) -> bool:
    """Whether a line is the heading of a recommendations section, not the end of a sentence with its words."""
    if not _START.fullmatch(key):
        return False
    line = lines[index]
    if stands_out(line, body):
        return True
    after = lines[index + used] if index + used < len(lines) else None
    return (
        line.text[:1].isupper()
        and not line.text[-1].isdigit()
        and after is not None
        and split_marker(after.text) is not None
    )


def starts_again(key: str, line: Line, body: float) -> bool:
    """Whether, inside a section, the heading of a whole section comes again."""
    return bool(_START.fullmatch(key)) and stands_out(line, body)


def names_whole_section(key: str) -> bool:
    """Whether a heading is that of a section, and not one of the headings inside it."""
    return key.startswith(("what", "recommendation"))


def names_what(key: str) -> bool:
    """Whether a heading asks what needs to improve."""
    return key.startswith("what")


def is_common_heading(key: str) -> bool:
    """Whether a heading may be that of a list of recommendations or of a chapter: "Areas for improvement"."""
    return re.fullmatch(_IMPROVEMENT, key) is not None


def urgency_of(key: str, line: Line, body: float) -> Urgency | None:
    """How soon the items under a heading are wanted; None when the line is no such heading."""
    if not (stands_out(line, body) or line.text.rstrip().endswith(":") or line.text[:1].isupper()):
        return None
    return next((urgency for pattern, urgency in _URGENCIES if pattern.fullmatch(key)), None)


def ends_section(key: str, line: Line, body: float) -> bool:
    """Whether a line begins another part of the report."""
    if split_marker(line.text) is not None and not stands_out(line, body):
        return False
    announced = stands_out(line, body) or line.text.rstrip().endswith((":", ",")) or key.startswith(_CLOSINGS)
    # The heading of a chapter ends with the grade of it, however it is set.
    graded = _GRADED.search(line.text) is not None and _CHAPTER_NAME.match(key) is not None
    return (announced and bool(_END.match(key))) or graded


def begins_chapter(line: Line, body: float) -> bool:
    """Whether a line is set so large that it can only be the heading of another part of the report."""
    return line.size > _CHAPTER * body


def section_from(key: str, line: Line, body: float, section: Section, default: Section) -> Section:
    """The section that the following recommendations belong to, after a heading.

    Args:
        key: heading as a key.
        line: its first line.
        body: height of the type of the text.
        section: section so far.
        default: section at the start of the report; `SAFEGUARDING` in reports that ask for things service by service.
    """
    if not stands_out(line, body):
        return section
    # The title of a joint report names the board too, on the first page.
    if line.page > 1 and _BOARD_PART.fullmatch(key):
        return Section.LSCB
    if _START.fullmatch(key) and key.startswith("what do") and _BOARD.search(key):
        return Section.LSCB
    if default is Section.SAFEGUARDING:
        if "looked after" in key and "safeguarding" not in key:
            return Section.LOOKED_AFTER
        if "safeguarding services" in key:
            return Section.SAFEGUARDING
    return section
