"""What the inspectors ask for: the recommendations of a report as single items.

Each framework prints them under its own heading ("Areas for improvement", "What does the local authority need to
improve?", "Recommendations", "What needs to improve") and, until 2017, a second time for the local safeguarding
children board. An item is what the list marks on its first level: its sub-points belong to it. Items are numbered or
have bullets, run across pages, and may stand under small headings of their own. A number that marks only such a small
heading, over points that are sentences, is no item: its points are.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from flows.documents.finding import Confidence
from flows.documents.lines import join_text, split_marker
from flows.documents.pdf import Line
from flows.documents.sections import (
    Section,
    Urgency,
    begins_chapter,
    ends_section,
    heading_at,
    is_common_heading,
    is_start,
    names_what,
    names_whole_section,
    section_from,
    stands_out,
    starts_again,
    urgency_of,
    without_contents,
)


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
        confidence: HIGH where the list marks it as its neighbours; MEDIUM where its number does not follow the one
            before, or where the section runs to the end of the document.
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
        headings: page and key of each heading under which a section was found.
        statements: what the sections say in prose: that nothing is asked for, or, where there is no list, what is.
        reason: why there are no items; None when there are.
        too_long: page and length in characters of what was taken for an item and is longer than any: the end of a list
            was missed. It is not among the items.
    """

    items: tuple[Recommendation, ...]
    headings: tuple[tuple[int, str], ...]
    statements: tuple[str, ...]
    reason: str | None
    too_long: tuple[tuple[int, int], ...] = ()


_NONE = re.compile(
    r"^(?:there (?:are|were) no\b|the inspection (?:did not|has not|found no)|no (?:areas|priority)|none\b"
    r"|inspectors (?:did not|found no))",
    re.IGNORECASE,
)
_LEAD_IN = re.compile(r"\b(?:should take the following actions?|in order to improve the quality)\b", re.IGNORECASE)
_ANNOUNCEMENT = re.compile(r"\bthe following (?:actions?|areas)[.:]?$", re.IGNORECASE)
# Points by which a line must stand right of the marker to be indented, and by which two markers may differ and be on
# one level.
_INDENT = 9.0
_SAME = 6.0
_LONGEST_HEADING = 110
# The longest item that people found in 420 reports has 795 characters, sub-points included.
_LONGEST_ITEM = 1600
# Between an item and its sub-points, as between the points of the printed list.
_SEPARATOR = " \u2022 "
# "(Outcome 4, national framework)" is under the item that serves this outcome.
_REFERENCE = re.compile(r"\((?:outcomes?|enablers?|principles?|expectations?)\b", re.IGNORECASE)
_LONGEST_NUMBERED_HEADING = 90


@dataclass
class _Part:
    """One first or second level entry of a list: its lines' words and the pages they stand on."""

    page: int
    last_page: int
    texts: list[str]

    @property
    def text(self) -> str:
        return join_text(self.texts)


@dataclass
class _Item:
    number: int | None
    urgency: Urgency
    heading: str | None
    section: Section
    parts: list[_Part]
    last: Line
    is_doubtful: bool = False

    def begin_part(self, line: Line, text: str) -> None:
        self.parts.append(_Part(line.page, line.page, [text]))
        self.last = line

    def go_on(self, line: Line) -> None:
        self.parts[-1].texts.append(line.text)
        self.parts[-1].last_page = line.page
        self.last = line


@dataclass
class _Block:
    """State of one walk through a recommendations section."""

    section: Section
    leading: float
    urgency: Urgency = Urgency.IMPROVEMENT
    heading: str | None = None
    level: float | None = None
    announced: bool = False
    is_ended: bool = False
    previous: Line | None = None
    items: list[_Item] = field(default_factory=list)
    statements: list[str] = field(default_factory=list)
    prose: list[list[str]] = field(default_factory=list)

    def under(self, urgency: Urgency) -> None:
        """Go on under a heading of the section; the list below it may be indented differently."""
        self.urgency, self.heading, self.level = urgency, None, None

    def small_heading(self, line: Line) -> None:
        """Take a line as a small heading, or as its second line."""
        above = self.previous
        continues = (
            self.heading is not None
            and above is not None
            and above.bold == line.bold
            and above.page == line.page
            and split_marker(above.text) is None
            and 0 < above.y - line.y < 1.6 * line.size
        )
        self.heading = join_text((self.heading or "", line.text)) if continues else line.text.rstrip(": ")

    def take(self, line: Line) -> None:
        """Take a line that is no heading: the beginning of an item, of a sub-point, or more of the one before."""
        marker = split_marker(line.text)
        current = self.items[-1] if self.items else None
        if current is not None and self.is_reference(line):
            current.go_on(line)
        elif marker is not None:
            if self._is_first_level(line, marker[0], marker[2], current):
                self._begin(line, marker[1], marker[2])
            elif current is not None:
                self._sub_point(line, marker, current)
        elif current is None:
            self._before_first(line)
        elif self._belongs(line, current):
            current.go_on(line)
        elif _NONE.match(line.text):
            self.statements.append(line.text)
        else:
            if self.previous is current.last:
                self.heading = None
            self.small_heading(line)

    def is_reference(self, line: Line) -> bool:
        """Whether a line is what an item refers to, or the rest of it, whatever its place and type."""
        current = self.items[-1] if self.items else None
        if current is None or self.previous is not current.last:
            return False
        words = current.parts[-1].texts[-1]
        is_open = _REFERENCE.search(words) is not None and words.count("(") > words.count(")")
        return _REFERENCE.match(line.text) is not None or is_open

    def begins_numbered_text(self, line: Line) -> bool:
        """Whether a line is the first of the numbered paragraphs of a chapter, after a list with bullets."""
        marker = split_marker(line.text)
        if marker is None or marker[0] != "number" or marker[2] != 1 or not self.items:
            return False
        return self.items[-1].number is None and self.level is not None and line.x <= self.level + _INDENT

    def _is_first_level(self, line: Line, kind: str, number: int | None, current: _Item | None) -> bool:
        if self.level is None or current is None:
            return True
        if line.x > self.level + _SAME:
            return False
        # Bullets on the margin under numbered items are points of theirs.
        if kind != "number" and current.number is not None:
            return False
        return (
            kind != "number"
            or current.number is None
            or number == current.number + 1
            or abs(line.x - self.level) <= _SAME
        )

    def _begin(self, line: Line, text: str, number: int | None) -> None:
        if self.level is None:
            self.level = line.x
        if not self.items and _LEAD_IN.search(text):
            # A numbered sentence announces the list; the list has marks of its own.
            self.announced, self.level = True, None
            return
        heading = self.heading if self.heading and len(self.heading) <= _LONGEST_HEADING else None
        self.items.append(
            _Item(number, self.urgency, heading, self.section, [_Part(line.page, line.page, [text])], line)
        )

    def _sub_point(self, line: Line, marker: tuple[str, str, int | None], current: _Item) -> None:
        kind, text, number = marker
        # A number at the start of a wrapped line ("section\n20. ...") belongs to its sentence.
        if kind == "number" and (number is None or number > len(current.parts)):
            current.go_on(line)
        else:
            current.begin_part(line, text)

    def _before_first(self, line: Line) -> None:
        if _NONE.match(line.text):
            self.statements.append(line.text)
        elif not self.announced and not _LEAD_IN.search(line.text):
            self.small_heading(line)
            self._prose(line)

    def _prose(self, line: Line) -> None:
        """Keep a line of a section that may turn out to hold no list, paragraph by paragraph."""
        above = self.previous
        follows = above is not None and above.page == line.page and 0 < above.y - line.y <= 1.45 * self.leading
        if self.prose and follows:
            self.prose[-1].append(line.text)
        else:
            self.prose.append([line.text])

    def _belongs(self, line: Line, current: _Item) -> bool:
        """Whether an unmarked line continues the item above it."""
        if self.level is not None and line.x >= self.level + _INDENT:
            return True
        last = current.last
        if self.previous is not last:
            return False
        if last.page == line.page:
            return 0 < last.y - line.y <= 1.45 * self.leading
        return not re.search(r"[.:;!?)’”]$", last.text)


def read_recommendations(
    lines: Sequence[Line], body: float, default: Section = Section.LOCAL_AUTHORITY, *, is_letter: bool = False
) -> Recommendations:
    """Find the recommendations sections of a report and split them into items.

    Args:
        lines: lines of the report proper, in reading order (`lines.body_lines`).
        body: height of the type of the text in points (`lines.body_size`).
        default: section of the items until the report turns to another addressee or service.
        is_letter: whether the document is a letter on a visit.

    Returns:
        The items, or a reason for their absence.
    """
    lines = without_contents(lines, body)
    leading = _leading(lines)
    headings: list[tuple[int, str]] = []
    found: list[_Item] = []
    statements: list[str] = []
    section = default
    index = 0
    while index < len(lines):
        key, used = heading_at(lines, index, body)
        section = section_from(key, lines[index], body, section, default)
        # A letter that says what needs to improve may have a chapter of findings "Areas for improvement" as well.
        told = is_letter and any(names_what(heading) for _, heading in headings) and is_common_heading(key)
        if told or not is_start(lines, index, key, used, body):
            index += 1
            continue
        headings.append((lines[index].page, key))
        block, index = _walk(lines, index, _Block(section, leading), body)
        for entry in block.items:
            entry.is_doubtful = not block.is_ended
        found.extend(block.items)
        statements.extend(block.statements)
        if not block.items and not block.statements:
            statements.extend(join_text(texts) for texts in block.prose)
    finished = list(_finish(found))
    items = tuple(entry for entry in finished if len(entry.text) <= _LONGEST_ITEM)
    too_long = tuple((entry.page, len(entry.text)) for entry in finished if len(entry.text) > _LONGEST_ITEM)
    return Recommendations(items, tuple(headings), tuple(statements), _reason(items, headings, statements), too_long)


def _walk(lines: Sequence[Line], index: int, block: _Block, body: float) -> tuple[_Block, int]:
    """Read one section from its heading on; gives the block and the index of the line after it."""
    while index < len(lines):
        line = lines[index]
        key, used = heading_at(lines, index, body)
        urgency = urgency_of(key, line, body)
        if block.previous is None or urgency is not None or starts_again(key, line, body):
            if block.items and names_whole_section(key):
                block.is_ended = True
                break
            block.under(urgency or Urgency.IMPROVEMENT)
            block.previous = line
            index += used
            continue
        is_heading = stands_out(line, body) and split_marker(line.text) is None and not block.is_reference(line)
        if (
            block.begins_numbered_text(line)
            or ends_section(key, line, body)
            or (is_heading and begins_chapter(line, body) and block.items)
        ):
            block.is_ended = True
            break
        if is_heading:
            block.small_heading(line)
        else:
            block.take(line)
        block.previous = line
        index += 1
    return block, index


def _leading(lines: Sequence[Line]) -> float:
    """Usual distance between two lines of a paragraph, in points."""
    gaps: Counter[int] = Counter()
    for above, below in pairwise(lines):
        gap = above.y - below.y
        if above.page == below.page and 4 < gap < 40:
            gaps[round(gap)] += 1
    return float(gaps.most_common(1)[0][0]) if gaps else 14.0


def _reason(items: tuple[Recommendation, ...], headings: list[tuple[int, str]], statements: list[str]) -> str | None:
    if items:
        return None
    if not headings:
        return "no heading of a recommendations section was found"
    if any(_NONE.match(statement) for statement in statements):
        return "the report says that it has no recommendation"
    if statements:
        return "the recommendations section is prose, without a list"
    return "the recommendations section holds no item that could be told apart"


def _finish(found: list[_Item]) -> Iterator[Recommendation]:
    order = 0
    before: _Item | None = None
    for entry in _without_numbered_headings(found):
        texts = [part.text for part in entry.parts]
        text = _SEPARATOR.join(words for words in texts if words)
        if not text or _NONE.match(text) or _ANNOUNCEMENT.search(text):
            continue
        order += 1
        reason = "the end of the section was not found" if entry.is_doubtful else _gap(before, entry)
        before = entry
        yield Recommendation(
            item=order,
            section=entry.section,
            urgency=entry.urgency,
            heading=entry.heading,
            number=entry.number,
            text=text,
            sub_items=tuple(part for part in texts[1:] if part),
            page=entry.parts[0].page,
            last_page=entry.parts[-1].last_page,
            confidence=Confidence.MEDIUM if reason else Confidence.HIGH,
            reason=reason,
        )


def _without_numbered_headings(found: list[_Item]) -> Iterator[_Item]:
    """Items, where a numbered small heading over sentences is replaced by these sentences."""
    for entry in found:
        lead, points = entry.parts[0].text, entry.parts[1:]
        is_heading = (
            entry.number is not None
            and len(points) >= 2
            and len(lead) <= _LONGEST_NUMBERED_HEADING
            and lead[-1:].isalnum()
            and all(point.text[:1].isupper() for point in points)
        )
        if not is_heading:
            yield entry
            continue
        for point in points:
            yield _Item(None, entry.urgency, lead, entry.section, [point], entry.last, entry.is_doubtful)


def _gap(before: _Item | None, entry: _Item) -> str | None:
    if before is None or before.number is None or entry.number is None or before.section is not entry.section:
        return None
    if entry.number in (1, before.number + 1):
        return None
    return f"number {entry.number} follows number {before.number}"
