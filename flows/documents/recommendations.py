"""What the inspectors ask for: the recommendations of a report as single items.

Each framework prints them under its own heading ("Areas for improvement", "What does the local authority need to improve?",
"Recommendations", "What needs to improve") and, until 2017, a second time for the local safeguarding children board. An item is
what the list marks on its first level: its sub-points belong to it. Items are numbered or have bullets, run across pages, and may
stand under small headings of their own.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from flows.documents.finding import Confidence
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


@dataclass(frozen=True, slots=True)
class Recommendation:
    """One recommendation.

    Attributes:
        item: order within the report, from 1.
        section: whom it is addressed to.
        urgency: how soon.
        heading: small heading above it, if any.
        number: number printed before it, if any.
        text: its words, sub-points included, in one line.
        sub_items: its sub-points, each in one line.
        page, last_page: pages on which it begins and ends.
        confidence: HIGH for a marked item that ends like a sentence or like its neighbours; MEDIUM for a gap in the numbers or for an
            unmarked paragraph.
        reason: what lowers the confidence.
    """

    item: int
    section: Section
    urgency: Urgency
    heading: str | None
    number: int | None
    text: str
    sub_items: tuple[str, ...]
    page: int
    last_page: int
    confidence: Confidence
    reason: str | None


@dataclass(frozen=True, slots=True)
class Recommendations:
    """All recommendations of a report.

    Attributes:
        items: in the order of the report.
        headings: headings under which they were found, with their pages.
        statements: sentences of the section that say that nothing is asked for.
        reason: why there are no items; None when there are.
    """

    items: tuple[Recommendation, ...]
    headings: tuple[tuple[int, str], ...]
    statements: tuple[str, ...]
    reason: str | None


_START = re.compile(
    r"(?:recommendations?(?: for (?:improvement|the (?:local authority|board|lscb)))?"
    r"|what (?:does|do) (?:the )?.{0,60}?\bneeds? to improve"
    r"|what needs to improve(?: in this area of social work practice)?"
    r"|(?:key )?areas? (?:for|of) (?:improvement|development)"
    r"|areas? for priority action|priority (?:and immediate )?actions?|immediate and priority actions?)"
)
_URGENCY = (
    (
        re.compile(r"areas? for priority action|priority (?:and immediate )?actions?|immediate and priority actions?"),
        Urgency.PRIORITY,
    ),
    (re.compile(r"immediately(?: \(.*)?"), Urgency.IMMEDIATELY),
    (re.compile(r"within (?:three|3) months(?: .*)?"), Urgency.WITHIN_THREE_MONTHS),
    (re.compile(r"within (?:six|6) months(?: .*)?"), Urgency.WITHIN_SIX_MONTHS),
    (re.compile(r"(?:key )?areas? (?:for|of) (?:improvement|development)"), Urgency.IMPROVEMENT),
)
_END = re.compile(
    r"summary for children|inspection (?:findings|judgements?)|the (?:local authority|lscb)(?:'s)? (?:has the following )?strengths"
    r"|the local authority$|the local authority has the following|key strengths|strengths\b|progress since"
    r"|information about|the experiences and progress of|the impact of leaders|outcomes for|safeguarding outcomes"
    r"|overall effectiveness|capacity (?:for|to) improve|what the inspection judge?ments mean|section [0-9]|executive summary"
    r"|the (?:effectiveness of the )?local safeguarding children|the effectiveness of the (?:help|lscb)|the quality of (?:practice|provision)$"
    r"|leadership and governance$|record of main findings|summary of (?:key )?findings|annex|contents$|previous ofsted|about this"
    r"|the office for standards in education"
)
_LSCB = re.compile(r"\blscb\b|safeguarding children board|\bboard\b")
_LSCB_PART = re.compile(
    r"(?:section (?:2|two):? *)?(?:the effectiveness of )?(?:the )?local safeguarding children board(?: \(lscb\))?(?: (?:is|are|requires?)\b.*)?"
    r"|section (?:2|two)\b.*safeguarding.*|review of the effectiveness of the local safeguarding(?: children)?(?: board)?"
)
_NONE = re.compile(
    r"^(?:there (?:are|were) no\b|the inspection (?:did not|has not|found no)|no (?:areas|priority)|none\b|inspectors (?:did not|found no))",
    re.IGNORECASE,
)
_LEAD_IN = re.compile(
    r"\b(?:should take the following action|the following (?:actions?|areas)|in order to improve)\b", re.IGNORECASE
)
_ANNOUNCEMENT = re.compile(r"\bthe following (?:actions?|areas)[.:]?$", re.IGNORECASE)
# Points by which a line must stand right of the marker to be indented, and by which two markers may differ and be on one level.
_INDENT = 9.0
_SAME = 6.0
_LONGEST_HEADING = 110


@dataclass
class _Item:
    number: int | None
    marked: bool
    lines: list[Line]
    parts: list[list[str]]
    urgency: Urgency
    heading: str | None
    section: Section


@dataclass
class _Block:
    """State of one walk through a recommendations section."""

    section: Section
    urgency: Urgency = Urgency.IMPROVEMENT
    heading: str | None = None
    items: list[_Item] = field(default_factory=list)
    statements: list[str] = field(default_factory=list)
    announced: bool = False

    @property
    def small_heading(self) -> str | None:
        """The heading above the next item; a paragraph of introduction is none."""
        return self.heading if self.heading and len(self.heading) <= _LONGEST_HEADING else None


def read_recommendations(
    lines: Sequence[Line], body: float, default: Section = Section.LOCAL_AUTHORITY
) -> Recommendations:
    """Find the recommendations sections of a report and split them into items.

    Args:
        lines: lines of the report proper, in reading order (`lines.body_lines`).
        body: height of the type of the text in points (`lines.body_size`).
        default: section that a heading without an addressee belongs to, until the report turns to the LSCB.

    Returns:
        The items, or a reason for their absence.
    """
    lines = _without_contents(lines)
    leading = _leading(lines)
    headings: list[tuple[int, str]] = []
    found: list[_Item] = []
    statements: list[str] = []
    section = default
    index = 0
    while index < len(lines):
        line = lines[index]
        key, used = _heading_at(lines, index, body)
        # The title of a joint report names the board too, on the first page.
        if line.page > 1 and (line.bold or is_big(line, body)) and _LSCB_PART.fullmatch(key):
            section = Section.LSCB
        elif default is Section.SAFEGUARDING and (line.bold or is_big(line, body)):
            if key.startswith("services for looked after") or "looked after children" in key:
                section = Section.LOOKED_AFTER
            elif key.startswith("safeguarding services"):
                section = Section.SAFEGUARDING
        if _START.fullmatch(key) and _is_start(lines, index, used, body):
            if key.startswith("what do") and _LSCB.search(key):
                section = Section.LSCB
            block, index = _walk(lines, index, section, body, leading)
            headings.append((line.page, key))
            found.extend(block.items)
            statements.extend(block.statements)
            continue
        index += 1
    items = tuple(_finish(found))
    return Recommendations(items, tuple(headings), tuple(statements), _reason(items, headings, statements))


def _reason(items: tuple[Recommendation, ...], headings: list[tuple[int, str]], statements: list[str]) -> str | None:
    if items:
        return None
    if not headings:
        return "no heading of a recommendations section was found"
    if statements:
        return "the report says that it has no recommendation"
    return "the recommendations section holds no item that could be told apart"


def _leading(lines: Sequence[Line]) -> float:
    """Usual distance between two lines of a paragraph, in points."""
    gaps: Counter[int] = Counter()
    for above, below in zip(lines, lines[1:], strict=False):
        gap = above.y - below.y
        if above.page == below.page and 4 < gap < 40:
            gaps[round(gap)] += 1
    return float(gaps.most_common(1)[0][0]) if gaps else 14.0


def _heading_at(lines: Sequence[Line], index: int, body: float) -> tuple[str, int]:
    """Heading that begins at a line, over at most three lines set alike, as a key, and the number of its lines.

    A single line is preferred when it is a known heading by itself.
    """
    first = lines[index]
    key = heading_text(first.text)
    if _START.fullmatch(key) or not (first.bold or is_big(first, body)):
        return key, 1
    texts = [first.text]
    for line in lines[index + 1 : index + 3]:
        previous = lines[index + len(texts) - 1]
        alike = line.bold == first.bold and abs(line.size - first.size) < 0.5 and line.page == first.page
        if not alike or previous.y - line.y > 2.0 * first.size or split_marker(line.text):
            break
        texts.append(line.text)
        joined = heading_text(join_text(texts))
        if _START.fullmatch(joined) or _LSCB_PART.fullmatch(joined):
            return joined, len(texts)
    return key, 1


def _is_start(lines: Sequence[Line], index: int, used: int, body: float) -> bool:
    """Whether a line with the words of a heading is one, and not an entry of the contents or the end of a sentence."""
    line = lines[index]
    # An entry of the contents ends with its page number.
    if re.search(r"\d+$", line.text) and not (line.bold or is_big(line, body)):
        return False
    if line.bold or is_big(line, body):
        return True
    after = lines[index + used] if index + used < len(lines) else None
    return line.text[:1].isupper() and after is not None and split_marker(after.text) is not None


def _without_contents(lines: Sequence[Line]) -> list[Line]:
    """Lines without the table of contents, whose entries read like headings."""
    page = next((line.page for line in lines if line.page <= 6 and heading_text(line.text) == "contents"), None)
    if page is None:
        return list(lines)
    first = next(
        index for index, line in enumerate(lines) if line.page == page and heading_text(line.text) == "contents"
    )
    return [line for index, line in enumerate(lines) if index < first or line.page != page]


def _walk(lines: Sequence[Line], index: int, section: Section, body: float, leading: float) -> tuple[_Block, int]:
    """Read one section from its heading on; gives the block and the index of the line after it."""
    block = _Block(section)
    level: float | None = None
    previous: Line | None = None
    while index < len(lines):
        line = lines[index]
        key, used = _heading_at(lines, index, body)
        emphasised = line.bold or is_big(line, body)
        marker = split_marker(line.text)
        urgency = _urgency(key, line, emphasised)
        if urgency is not None or (_START.fullmatch(key) and (emphasised or previous is None)):
            if block.items and _START.fullmatch(key) and key.startswith(("what", "recommendation")):
                break
            block.urgency = urgency or Urgency.IMPROVEMENT
            block.heading = None
            # The list below a new heading may be indented differently.
            level = None
            previous = line
            index += used
            continue
        if _ends(key, line, body, emphasised, marker is not None):
            break
        if emphasised and marker is None:
            # A heading larger than the text that is none of ours begins another part of the report.
            if line.size > 1.25 * body and previous is not None and block.items:
                break
            block.heading = _extended(block.heading, line, previous)
            previous = line
            index += 1
            continue
        _take(block, line, marker, level, previous, leading)
        if marker is not None and level is None and marker[0] != "dash":
            level = line.x
        elif marker is not None and level is None:
            level = line.x
        previous = line
        index += 1
    return block, index


def _urgency(key: str, line: Line, emphasised: bool) -> Urgency | None:
    for pattern, urgency in _URGENCY:
        if pattern.fullmatch(key) and (emphasised or line.text.rstrip().endswith(":") or line.text[:1].isupper()):
            return urgency
    return None


def _ends(key: str, line: Line, body: float, emphasised: bool, marked: bool) -> bool:
    if marked and not emphasised:
        return False
    return bool(_END.match(key)) and (
        emphasised or line.text.rstrip().endswith(":") or key.startswith("the office for")
    )


def _extended(heading: str | None, line: Line, previous: Line | None) -> str:
    """Small heading, its second line joined to its first."""
    if (
        heading
        and previous is not None
        and previous.bold == line.bold
        and previous.page == line.page
        and split_marker(previous.text) is None
        and 0 < previous.y - line.y < 1.6 * line.size
    ):
        return join_text((heading, line.text))
    return line.text.rstrip(": ")


def _take(
    block: _Block,
    line: Line,
    marker: tuple[str, str, int | None] | None,
    level: float | None,
    previous: Line | None,
    leading: float,
) -> None:
    current = block.items[-1] if block.items else None
    if marker is not None:
        kind, text, number = marker
        first_level = level is None or abs(line.x - level) <= _SAME or line.x < level
        if first_level and kind == "number" and current is not None and not _follows(current, number, line, level):
            first_level = False
        if first_level and _LEAD_IN.search(text) and not block.items:
            # A numbered sentence announces the list; the list has marks of its own.
            block.announced = True
            return
        if first_level:
            block.items.append(_Item(number, True, [line], [[text]], block.urgency, block.small_heading, block.section))
            return
        if current is not None:
            if (
                kind == "number"
                and level is not None
                and line.x >= level + _INDENT
                and not _is_list_number(number, current)
            ):
                # A number at the start of a wrapped line belongs to its sentence.
                current.parts[-1].append(line.text)
            else:
                current.parts.append([text])
            current.lines.append(line)
            return
    if current is None:
        text = line.text
        if _NONE.match(text):
            block.statements.append(text)
        elif block.announced:
            return
        elif not _LEAD_IN.search(text):
            block.heading = _extended(block.heading, line, previous)
        return
    if _belongs(line, current, level, previous, leading):
        current.parts[-1].append(line.text)
        current.lines.append(line)
        return
    if _NONE.match(line.text):
        block.statements.append(line.text)
        return
    block.heading = _extended(block.heading if previous is not current.lines[-1] else None, line, previous)


def _follows(current: _Item, number: int | None, line: Line, level: float | None) -> bool:
    if number is None or current.number is None:
        return True
    return number == current.number + 1 or number == 1 or (level is not None and abs(line.x - level) <= _SAME)


def _is_list_number(number: int | None, current: _Item) -> bool:
    return number is not None and number <= len(current.parts)


def _belongs(line: Line, current: _Item, level: float | None, previous: Line | None, leading: float) -> bool:
    """Whether an unmarked line continues the item above it."""
    if level is not None and line.x >= level + _INDENT:
        return True
    last = current.lines[-1]
    if previous is not last:
        return False
    if last.page == line.page:
        return 0 < last.y - line.y <= 1.45 * leading
    return not re.search(r"[.:;!?)’”]$", last.text)


def _finish(found: list[_Item]) -> list[Recommendation]:
    items: list[Recommendation] = []
    for entry in found:
        texts = [join_text(part) for part in entry.parts]
        text = join_text(texts)
        if not text or _NONE.match(text) or _ANNOUNCEMENT.search(text):
            continue
        reason = None
        if entry.number is not None and items and items[-1].number is not None and items[-1].section is entry.section:
            before = items[-1].number
            if entry.number != before + 1 and entry.number != 1:
                reason = f"number {entry.number} follows number {before}"
        items.append(
            Recommendation(
                item=len(items) + 1,
                section=entry.section,
                urgency=entry.urgency,
                heading=entry.heading,
                number=entry.number,
                text=text,
                sub_items=tuple(part for part in texts[1:] if part),
                page=entry.lines[0].page,
                last_page=entry.lines[-1].page,
                confidence=Confidence.MEDIUM if reason else Confidence.HIGH,
                reason=reason,
            )
        )
    return items
