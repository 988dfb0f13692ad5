"""The table of judgements of a report, row by row, under its framework.

Every framework prints its own rows: a numbered table on the cover (single inspections), a table "Judgement / Grade"
(ILACS), a "Record of main findings" on the last page (2009-13). The words of a row are matched by its label, never by
its position. A grade in words that are not one of the known ones is a reason, never an empty cell.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from flows.documents.finding import Confidence
from flows.documents.framework import Framework
from flows.documents.grades import GRADE_WORDS, Grade, grades_in
from flows.documents.lines import body_size, heading_text, is_small, join_text
from flows.documents.pdf import Page

OVERALL = "overall_judgement"
#: Why a report that judges each service has no overall judgement: it gives none (reports since May 2026).
NOT_GIVEN = "the report gives no overall judgement"


@dataclass(frozen=True, slots=True)
class Judgement:
    """One judgement.

    Attributes:
        measure: overall_judgement, help_and_protection, children_looked_after, care_leavers, adoption, leadership,
            lscb, or, for rows of the frameworks until 2013, a name made of the row's label.
        label: label of the row as printed.
        grade: 1 outstanding ... 4 inadequate, as published; None with a reason.
        printed: words of the grade as printed.
        page: page on which it was printed.
        confidence: None if and only if there is no grade.
        reason: why there is no grade, or what lowers the confidence.
    """

    measure: str
    label: str
    grade: int | None
    printed: str | None
    page: int | None
    confidence: Confidence | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class _Row:
    measure: str
    label: re.Pattern[str]


def _row(measure: str, label: str) -> _Row:
    # A label may be parted by a line end at any of its spaces.
    return _Row(measure, re.compile(label.replace(" ", r"\s+"), re.IGNORECASE | re.MULTILINE))


_S = "['\u2019]?s"
_SIF_ROWS = (
    _row("help_and_protection", r"\b\d\.\s*Children who need help and protection"),
    _row("children_looked_after", r"\b\d\.\s*Children looked after and achieving"),
    _row("adoption", r"\b2\.1\.?\s*(?:Graded judge?ment: )?Adoption performance"),
    _row("care_leavers", r"\b2\.2\.?\s*(?:Graded judge?ment: )?(?:The )?Experiences and progress of care leavers"),
    _row("leadership", r"\b\d\.\s*Leadership,? management and governance"),
)
# A row begins its line: within a line its words are those of a sentence.
_ILACS_ROWS = (
    _row("leadership", r"^(?:The )?impact of leaders"),
    _row("help_and_protection", r"^(?:The )?experiences and progress of children who need help"),
    _row("children_looked_after", r"^(?:The )?experiences and progress of children (?:in care|looked after)"),
    _row("care_leavers", r"^(?:The )?experiences and progress of (?:children )?care[ -](?:leavers|experienced)"),
    # In a sentence that the typesetter broke here it has a small letter.
    _row(OVERALL, r"^(?-i:O)verall effectiveness"),
)
# The rest of a wrapped label may stand behind its grade in the order of the file.
_WORDS_OF_LABELS = re.compile(
    r"\b(?:the|of|on|social|work|practice|with|children|and|families|who|need|help|protection|in|care|leavers|progress"
    r"|experiences|permanence|experienced|young|people"
    r"|looked|after|achieving|impact|leaders|judge?ment|grade|overall|effectiveness)\b|[\d.,:;*]",
    re.IGNORECASE,
)
_LONGEST_ROW = 140
_SENTENCE = "a sentence and not a row"
# Lines from the label of one row to that of the next, and words of a grade that is none of the known ones.
_LINES_OF_A_ROW = 6
_WORDS_OF_A_GRADE = 4
_WORDS_OF_A_SENTENCE = 3
_OVERALL_LINE = re.compile(rf"^Overall\s+effectiveness\W*\d?\W*(?i:{GRADE_WORDS})", re.MULTILINE)
_GRADE_OR_NONE = re.compile(
    rf"\b(?:{GRADE_WORDS}|not\s+(?:judged|applicable|graded|inspected|given|awarded)|requires?|improvement|to|be)\b",
    re.IGNORECASE,
)
# Share of the page height in which footnotes stand.
_FOOT = 0.3

_CHAPTERS = {
    measure: re.compile(
        rf"(?:\d\.?\s+)?(?:{label})(?:\s*(?:key judge?ment|is|are|that|it|they|:))*\s*(?P<grade>{GRADE_WORDS})\b",
        re.IGNORECASE,
    )
    for measure, label in (
        ("help_and_protection", r"(?:the experiences and progress of )?children who need help and protection"),
        (
            "children_looked_after",
            r"the experiences and progress of children (?:looked after and achieving permanence"
            r"|in care(?: and care leavers)?)",
        ),
        ("adoption", r"the graded judge?ment for adoption performance"),
        (
            "care_leavers",
            r"the graded judge?ment (?:for|about) the experiences? and progress of care leavers"
            r"|the experiences and progress of (?:children )?care leavers",
        ),
        (
            "leadership",
            r"leadership,? management and governance"
            r"|the impact of leaders on social work practice with children and families",
        ),
    )
}

_COVER_OVERALL = re.compile(
    rf"The\s+overall\s+judge?ment\s+(?:is|was)(?:\s+that)?(?:\s+the)?(?:\s+children{_S}?\s+services?)?(?:\s+(?:is|are))?\b"
    rf"|Children{_S}\s+services\s+(?:(?:in|at|of|for)\b.{{0,90}}?)?(?:\b(?:is|are)\b|(?=\brequires?\b))",
    re.IGNORECASE | re.DOTALL,
)
_LSCB_OVERALL = re.compile(
    r"The\s+(?:effectiveness\s+of\s+the\s+)?(?:[A-Z][\w.&' -]{0,60}\s)?(?:Local\s+)?"
    r"Safeguarding\s+Children\s+Board(?:\s+\(\w+\))?"
    r"(?:\s+(?:is|are)\b|(?=\s+requires?\b))"
    r"|The\s+(?:effectiveness\s+of\s+the\s+)?LSCB(?:\s+is\b|(?=\s+requires?\s+improvement))",
    re.IGNORECASE,
)
_RECORD = re.compile(r"record of main findings|summary of (?:inspection )?judge?ments", re.IGNORECASE)


def read_judgements(pages: tuple[Page, ...], framework: Framework | None) -> tuple[Judgement, ...]:
    """Read all judgements that a report of this framework prints.

    Args:
        pages: pages of the report.
        framework: its framework; kinds of visit without a graded judgement give an empty tuple.

    Returns:
        One judgement for each row that the framework has (a row that is not printed is there, without a grade and with
        a reason), the overall one first.
    """
    if framework is Framework.SIF:
        found = _single_inspection(pages)
    elif framework is Framework.ILACS:
        found = _ilacs(pages)
    elif framework in (Framework.SLAC, Framework.CPI, Framework.TLAC):
        found = _record_of_findings(pages, framework)
    elif framework is Framework.LSCB_REVIEW:
        found = [_board(pages)]
    else:
        return ()
    return tuple(_check_overall(found))


def _single_inspection(pages: tuple[Page, ...]) -> list[Judgement]:
    # The table may run over to the second page.
    text, starts = _text(pages[:2], body_size(pages))
    cut = re.search(r"\bExecutive summary\b|\n\s*Contents\b", text)
    table = text[: cut.start()] if cut else text
    overall = _statement(
        table, starts, _COVER_OVERALL, OVERALL, "the cover states no overall judgement in a known form"
    )
    judgements = [overall, *(_against_chapters(row, pages) for row in _table(table, starts, _SIF_ROWS))]
    if re.search(r"review of the effectiveness of the local safeguarding", text, re.IGNORECASE):
        judgements.append(_board(pages))
    return judgements


def _ilacs(pages: tuple[Page, ...]) -> list[Judgement]:
    text, starts = _text(pages[:2], body_size(pages))
    head = re.search(r"^Judge?ment\s+Grade\b", text, re.MULTILINE)
    begin = head.end() if head else 0
    end = _end_of_table(text, begin)
    table = text[:end]
    rows = [row for row in _ILACS_ROWS if row.measure != "care_leavers" or row.label.search(table, begin)]
    judgements = [_from_chapter(judgement, pages) for judgement in _table(table, starts, rows, begin)]
    outside = _OVERALL_LINE.search(text, end)
    judgements = [_not_given(judgement, judgements, outside) for judgement in judgements]
    judgements.sort(key=lambda judgement: judgement.measure != OVERALL)
    return [_against_chapters(judgement, pages) for judgement in judgements]


def _end_of_table(text: str, begin: int) -> int:
    """Where the table of an ILACS report ends.

    What follows is text, in which the names of the rows and grades of earlier inspections come again. The table goes on
    from row to row, each a few lines below the one before and each of another name; after the last one it ends with the
    first line that holds other words than labels and grades. Words in the place of a grade belong to it all the same.
    """
    labels = sorted(
        (match.start(), match.end()) for row in _ILACS_ROWS for match in [row.label.search(text, begin)] if match
    )
    if not labels:
        return begin
    last_start, last_end = labels[0]
    for start, end in labels[1:]:
        if text.count("\n", last_start, start) > _LINES_OF_A_ROW:
            break
        last_start, last_end = start, end
    position = text.find("\n", last_end) + 1 or len(text)
    is_graded = bool(grades_in(text[last_end:position])) or not _is_of_table(text[last_end:position])
    for line in text[position:].splitlines(keepends=True):
        if _is_of_table(line):
            is_graded = is_graded or bool(grades_in(line))
        elif is_graded or len(line.split()) > _WORDS_OF_A_GRADE:
            return position
        else:
            is_graded = True
        position += len(line)
    return position


def _is_of_table(line: str) -> bool:
    words = _GRADE_OR_NONE.sub(" ", line)
    return not _WORDS_OF_LABELS.sub("", words).strip(" \n\u2013\u2014-()/")


def _from_chapter(judgement: Judgement, pages: tuple[Page, ...]) -> Judgement:
    """A row that the table does not hold, from the heading of its chapter, where that prints a grade."""
    chapter = _CHAPTERS.get(judgement.measure)
    if chapter is None or judgement.grade is not None or judgement.printed:
        return judgement
    for page in pages:
        bold = [line.text for line in page.lines if line.bold]
        for index in range(len(bold)):
            match = chapter.match(join_text(bold[index : index + 3]))
            stated = grades_in(match["grade"]) if match else []
            if match and stated and stated[0].value is not None:
                label = " ".join(match.group(0)[: match.start("grade") - match.start()].split()).rstrip(": ")
                reason = "taken from the heading of its chapter; the table has no such row"
                return Judgement(
                    judgement.measure, label, stated[0].value, stated[0].printed, page.number, Confidence.MEDIUM, reason
                )
    return judgement


def _not_given(judgement: Judgement, judgements: list[Judgement], outside: re.Match[str] | None) -> Judgement:
    """An overall judgement that has no row beside others that have one: the report gives none.

    A line that might be the row, below what was taken for the table, leaves it open: that is for people to look at.
    """
    others = any(other.grade is not None for other in judgements if other.measure != OVERALL)
    is_row = judgement.page is not None and not str(judgement.reason).startswith(_SENTENCE)
    if judgement.measure != OVERALL or is_row or not others:
        return judgement
    if outside:
        words = " ".join(outside.group(0).split())
        return _absent(OVERALL, judgement.label, f"the table has no row of it, but a line below says {words!r}")
    return _absent(OVERALL, judgement.label, NOT_GIVEN)


def _against_chapters(judgement: Judgement, pages: tuple[Page, ...]) -> Judgement:
    """Compare a row of the table with the grade in the heading of its chapter, where that prints one."""
    chapter = _CHAPTERS.get(judgement.measure)
    if chapter is None or judgement.grade is None:
        return judgement
    for page in pages[1:]:
        bold = [line.text for line in page.lines if line.bold]
        for index in range(len(bold)):
            match = chapter.match(join_text(bold[index : index + 3]))
            stated = grades_in(match["grade"]) if match else []
            if match and stated and stated[0].value is not None and stated[0].value != judgement.grade:
                reason = (
                    f"the table says {judgement.printed!r}, the heading on page {page.number} {stated[0].printed!r}"
                )
                return _with(judgement, Confidence.LOW, reason)
    return judgement


def _record_of_findings(pages: tuple[Page, ...], framework: Framework) -> list[Judgement]:
    """Rows of the table of 2009-13: a label, its grade, and headings between them for the two services."""
    start = next(
        (
            (page.number, index)
            for page in reversed(pages)
            for index, line in enumerate(page.lines)
            if _RECORD.match(line.text) and line.bold
        ),
        None,
    )
    default = {Framework.TLAC: "looked_after", Framework.CPI: "protection"}.get(framework, "safeguarding")
    if start is None:
        return [_absent(OVERALL, "Overall effectiveness", "no record of main findings was found")]
    number, index = start
    text, starts = _text(pages[number - 1 :], body_size(pages), skip=index + 1)
    judgements: list[Judgement] = []
    service = default
    position = 0
    for grade in grades_in(text):
        label = " ".join(text[position : grade.start].split())
        position = grade.end
        label = re.sub(r"^(?:judge?ments? )?grade ", "", label, flags=re.IGNORECASE)
        label, service = _service(label, service)
        measure = _record_measure(label, service, framework)
        if not label or len(label) > _LONGEST_ROW:
            break
        judgements.append(_judged(measure, label, grade, _page_at(starts, grade.start)))
    if not any(judgement.measure == OVERALL for judgement in judgements):
        judgements.insert(
            0, _absent(OVERALL, "Overall effectiveness", "the record of main findings has no overall effectiveness")
        )
    judgements.sort(key=lambda judgement: judgement.measure != OVERALL)
    return [_against_grade_headings(judgement, pages[: number - 1]) for judgement in judgements]


def _service(label: str, service: str) -> tuple[str, str]:
    for pattern, name in (
        (r"Safeguarding services\s+", "safeguarding"),
        (r"Services for looked after children(?: and young people)?\s+", "looked_after"),
        (r"Local authority arrangements for the protection of children\s+", "protection"),
    ):
        match = re.match(pattern, label, re.IGNORECASE)
        if match and match.end() < len(label):
            return label[match.end() :], name
    return label, service


def _record_measure(label: str, service: str, framework: Framework) -> str:
    key = heading_text(label)
    if key.startswith("overall effectiveness"):
        return "children_looked_after" if framework is Framework.SLAC and service == "looked_after" else OVERALL
    if framework is Framework.CPI:
        if key.startswith("the effectiveness of the help"):
            return "help_and_protection"
        if key.startswith("leadership and governance"):
            return "leadership"
    if framework is Framework.TLAC and key.startswith("leadership and management"):
        return "leadership"
    name = re.sub(r"[^a-z]+", "_", key).strip("_")
    return f"{service}_{name}"


def _against_grade_headings(judgement: Judgement, pages: tuple[Page, ...]) -> Judgement:
    """Compare the overall row with "Grade 4 (inadequate)" under the heading of the overall effectiveness."""
    if judgement.measure != OVERALL or judgement.grade is None:
        return judgement
    for page in pages:
        bold = [line.text for line in page.lines if line.bold]
        for index, text in enumerate(bold):
            if not re.match(r"overall effectiveness", text, re.IGNORECASE):
                continue
            below = " ".join(bold[index : index + 4])
            stated = re.search(r"Grade\s+(\d)", below)
            if stated and int(stated[1]) != judgement.grade:
                return _with(
                    judgement,
                    Confidence.LOW,
                    f"the record says {judgement.printed!r}, the heading on page {page.number} grade {stated[1]}",
                )
            if stated:
                return judgement
    return judgement


def _board(pages: tuple[Page, ...]) -> Judgement:
    """The judgement of the local safeguarding children board: a statement on the cover or a heading of its own part."""
    for page in pages:
        lines = [line for line in page.lines if line.bold] if page.number > 1 else list(page.lines)
        text = "\n".join(line.text for line in lines)
        for match in _LSCB_OVERALL.finditer(text):
            grades = grades_in(text[match.end() : match.end() + 50])
            if grades and grades[0].start <= 1:
                return _judged("lscb", " ".join(match.group(0).split()), grades[0], page.number)
    return _absent(
        "lscb",
        "The effectiveness of the Local Safeguarding Children Board",
        "the report states no judgement of the board in a known form",
    )


def _statement(
    text: str, starts: list[tuple[int, int]], pattern: re.Pattern[str], measure: str, reason: str
) -> Judgement:
    """Judgement that a sentence states right after its opening words."""
    for match in pattern.finditer(text):
        after = text[match.end() : match.end() + 50]
        grades = grades_in(after)
        label = " ".join(match.group(0).split())
        if grades and not after[: grades[0].start].strip():
            return _judged(measure, label, grades[0], _page_at(starts, match.start()))
        words = " ".join(after.split())
        return Judgement(
            measure,
            label,
            None,
            words,
            _page_at(starts, match.start()),
            None,
            f"unknown words of a grade: {words[:40]!r}",
        )
    return _absent(measure, "overall judgement", reason)


def _table(text: str, starts: list[tuple[int, int]], rows: Sequence[_Row], begin: int = 0) -> list[Judgement]:
    """Rows of a table of which only the labels are known; a row reaches to the next label."""
    places: list[tuple[int, int, _Row]] = []
    for row in rows:
        match = row.label.search(text, begin)
        if match:
            places.append((match.start(), match.end(), row))
    places.sort(key=lambda place: place[0])
    judgements: list[Judgement] = []
    for index, (start, end, row) in enumerate(places):
        last = index + 1 == len(places)
        stop = min(end + _LONGEST_ROW, len(text)) if last else places[index + 1][0]
        judgements.append(_cell(row, text[start:end], text[end:stop], _page_at(starts, start), last))
    found = {place[2].measure for place in places}
    for row in rows:
        if row.measure not in found:
            judgements.append(_absent(row.measure, row.label.pattern, "the table has no row of this label"))
    order = [row.measure for row in rows]
    judgements.sort(key=lambda judgement: order.index(judgement.measure))
    return judgements


def _cell(row: _Row, label: str, rest: str, page: int, last: bool) -> Judgement:
    label = " ".join(label.split())
    grades = grades_in(rest)
    if _is_sentence(rest, grades):
        words = " ".join(f"{label} {rest}".split("\n")[0].split())[:60]
        return Judgement(row.measure, label, None, None, page, None, f"{_SENTENCE}: {words!r}")
    if grades:
        grade = grades[0]
        # Words that belong neither to a label nor to a known grade, before the grade, mean that the cell holds
        # something else.
        strange = _WORDS_OF_LABELS.sub("", rest[: grade.start]).strip(" \n-\u2013")
        values = {found.value for found in grades}
        if not strange and (last or len(values) == 1):
            return _judged(row.measure, label, grade, page)
        if not strange:
            words = ", ".join(found.printed for found in grades)
            return Judgement(row.measure, label, None, words, page, None, f"more than one grade in one row: {words}")
    words = " ".join(_WORDS_OF_LABELS.sub("", rest.split("\n\n")[0]).split())[:40]
    reason = f"unknown words of a grade: {words!r}" if words else "the row holds no grade"
    return Judgement(row.measure, label, None, words or None, page, None, reason)


def _is_sentence(rest: str, grades: list[Grade]) -> bool:
    """Whether a label's line goes on as a sentence: with words after its grade, or with many that are no grade."""
    line = rest.split("\n")[0]
    if grades and grades[0].end <= len(line):
        before, behind = line[: grades[0].start], _GRADE_OR_NONE.sub(" ", line[grades[0].end :])
        return (
            bool(_WORDS_OF_LABELS.sub("", behind).strip(" \u2013-()"))
            or len(_WORDS_OF_LABELS.sub("", before).split()) >= _WORDS_OF_A_SENTENCE
        )
    return len(line.split()) > _WORDS_OF_A_GRADE and not _is_of_table(line)


def _judged(measure: str, label: str, grade: Grade, page: int | None) -> Judgement:
    if grade.value is None:
        return Judgement(measure, label, None, grade.printed, page, None, f"printed as {grade.printed.lower()!r}")
    return Judgement(measure, label, grade.value, grade.printed, page, Confidence.HIGH, None)


def _absent(measure: str, label: str, reason: str) -> Judgement:
    return Judgement(measure, label, None, None, None, None, reason)


def _with(judgement: Judgement, confidence: Confidence, reason: str) -> Judgement:
    return Judgement(
        judgement.measure, judgement.label, judgement.grade, judgement.printed, judgement.page, confidence, reason
    )


def _check_overall(judgements: list[Judgement]) -> list[Judgement]:
    """Doubt an overall judgement outside the range of those below it: one was misread or misprinted."""
    below = [
        judgement.grade
        for judgement in judgements
        if judgement.measure in ("help_and_protection", "children_looked_after", "leadership")
        and judgement.grade is not None
    ]
    checked: list[Judgement] = []
    for judgement in judgements:
        outside = judgement.grade is not None and len(below) >= 2 and not min(below) <= judgement.grade <= max(below)
        if judgement.measure == OVERALL and outside and judgement.confidence is Confidence.HIGH:
            checked.append(
                _with(judgement, Confidence.LOW, "the overall judgement lies outside the judgements below it")
            )
        else:
            checked.append(judgement)
    return checked


def _text(pages: Sequence[Page], body: float, skip: int = 0) -> tuple[str, list[tuple[int, int]]]:
    """Text of pages in the order of the file, without footnotes, and where each page begins in it."""
    text = ""
    starts: list[tuple[int, int]] = []
    for page in pages:
        starts.append((len(text), page.number))
        lines = page.lines[skip:] if page is pages[0] else page.lines
        for line in lines:
            # A table may be set in small type; footnotes are small and at the foot.
            is_footnote = is_small(line, body) and line.y < _FOOT * page.height
            if not is_footnote and not line.text.isdigit():
                text += line.text + "\n"
    return text, starts


def _page_at(starts: list[tuple[int, int]], position: int) -> int:
    return next(number for start, number in reversed(starts) if start <= position)
