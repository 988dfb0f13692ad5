"""What a report says of earlier inspections of the same authority."""

from __future__ import annotations

import re
from dataclasses import dataclass

from flows.documents.dates import MONTHS
from flows.documents.finding import Confidence
from flows.documents.grades import grades_in
from flows.documents.lines import join_text, split_marker
from flows.documents.pdf import Line


@dataclass(frozen=True, slots=True)
class PreviousJudgement:
    """One judgement of an earlier inspection, as this report tells it.

    Attributes:
        subject: protection, looked_after, children_services, or the name of a judgement
            (`judgements.Judgement.measure`) where the report lists them.
        grade: 1 outstanding ... 4 inadequate.
        printed: words of the grade.
        year, month: when that inspection took place or was published, as far as printed.
        dated_by: "inspection" or "publication".
        page: page on which this report says so.
        confidence: HIGH for the standing sentences of the chapter on previous inspections, MEDIUM for a remark
            elsewhere.
        sentence_kind: "standing" or "remark".
    """

    subject: str
    grade: int
    printed: str
    year: int | None
    month: int | None
    dated_by: str
    page: int
    confidence: Confidence
    sentence_kind: str


_MONTH = "|".join(MONTHS)
_STANDING = re.compile(
    r"The (?:previous|last)(?: Ofsted| single| full)* inspection(?: report)?(?: of| for)? (?P<what>.{3,140}?)\s"
    rf"(?:was|were|took place|is)(?: (?:undertaken|carried out|conducted|completed"
    rf"|held))?(?P<published> published)? in (?:(?P<month>{_MONTH}),? )?(?P<year>20\d\d)"
    r"(?P<rest>.{0,420}?)(?=The (?:previous|last)(?: Ofsted| single| full)* inspection|Local leadership"
    r"|Other information|$)",
    re.IGNORECASE,
)
_LISTED = (
    ("overall_judgement", r"overall effectiveness"),
    ("help_and_protection", r"children who need help and protection"),
    ("children_looked_after", r"children looked after(?: and achieving permanence)?"),
    ("adoption", r"adoption performance"),
    ("care_leavers", r"(?:the )?experiences and progress of care leavers"),
    ("leadership", r"leadership,? management and governance"),
)
_REMARK = re.compile(
    r"(?:previous|last) (?:full |Ofsted |single )*inspection(?: of children['\u2019]s services)? in (?:(?P<month>"
    + _MONTH
    + r") )?(?P<year>20\d\d),?"
    r" when (?P<what>[^.]{0,120}?)(?:was|were) (?:judged|found|graded|rated)(?: to be| as"
    r"| overall)*\s(?P<rest>[^.]{0,40})",
    re.IGNORECASE,
)


def read_previous(lines: tuple[Line, ...]) -> tuple[PreviousJudgement, ...]:
    """Find the earlier judgements that a report states.

    Args:
        lines: lines of the report proper (`lines.body_lines`).

    Returns:
        The judgements in the order of the report, each once. Empty when the report states none in a known form: most
        reports since 2018 only remark on the last inspection or do not mention its grade.
    """
    found: list[PreviousJudgement] = []
    for page, text in _paragraphs(lines):
        for match in _STANDING.finditer(text):
            found.extend(_standing(match, page))
    if not found:
        for page, text in _paragraphs(lines):
            for match in _REMARK.finditer(text):
                grades = grades_in(match["rest"])
                if grades and grades[0].value is not None and grades[0].start <= 3:
                    month = _month(match["month"])
                    entry = PreviousJudgement(
                        _subject(match["what"]),
                        grades[0].value,
                        grades[0].printed,
                        int(match["year"]),
                        month,
                        "inspection",
                        page,
                        Confidence.MEDIUM,
                        "remark",
                    )
                    found.append(entry)
    return tuple(dict.fromkeys(found))


def _paragraphs(lines: tuple[Line, ...]) -> list[tuple[int, str]]:
    """Text between headings in one piece, so that a list stays with its sentence; markers become full stops."""
    blocks: list[tuple[int, list[str]]] = []
    for line in lines:
        if line.bold or not blocks:
            blocks.append((line.page, []))
            if line.bold:
                continue
        marker = split_marker(line.text)
        blocks[-1][1].append(f". {marker[1]}" if marker else line.text)
    return [(page, join_text(texts)) for page, texts in blocks if texts]


def _standing(match: re.Match[str], page: int) -> list[PreviousJudgement]:
    rest = match["rest"]
    published = bool(match["published"])
    year, month = int(match["year"]), _month(match["month"])
    dated_by = "publication" if published else "inspection"

    def entry(subject: str, grade: int, printed: str) -> PreviousJudgement:
        return PreviousJudgement(subject, grade, printed, year, month, dated_by, page, Confidence.HIGH, "standing")

    listed = []
    for measure, label in _LISTED:
        row = re.search(rf"{label}\s*:\s*", rest, re.IGNORECASE)
        grades = grades_in(rest[row.end() : row.end() + 40]) if row else []
        if grades and grades[0].value is not None and grades[0].start <= 2:
            listed.append(entry(measure, grades[0].value, grades[0].printed))
    if listed:
        return listed
    sentence = re.search(
        r"(?:local authority|council|authority|trust|services?|judge?ments?|both|effectiveness"
        r"|it)\b[^.]{0,60}?\b(?:was|were)(?: both)?(?: judged| found| graded)?(?: to be| to| as)?\s",
        rest,
        re.IGNORECASE,
    )
    if not sentence:
        return []
    words = rest[sentence.end() :]
    grades = grades_in(words[:60])
    if not grades or grades[0].value is None or grades[0].start > 2:
        return []
    what = match["what"].lower()
    protection = bool(re.search(r"safeguard|protection|help", what))
    looked_after = bool(re.search(r"looked[ -]after|in care", what))
    clause = re.split(r"[.;]", words, maxsplit=1)[0]
    named = grades_in(clause)
    if len({grade.value for grade in named}) > 1:
        # "good for safeguarding, adequate for looked after children": each grade goes with the words behind it.
        pairs = []
        for index, grade in enumerate(named):
            stop = named[index + 1].start if index + 1 < len(named) else len(clause)
            behind = clause[grade.end : stop]
            subject = _subject(behind) if re.match(r"\s*(?:for|in|overall)\b", behind) else None
            if subject and grade.value is not None:
                pairs.append(entry(subject, grade.value, grade.printed))
        return pairs
    value, printed = grades[0].value, grades[0].printed
    if protection and looked_after:
        return [entry("protection", value, printed), entry("looked_after", value, printed)]
    if looked_after:
        return [entry("looked_after", value, printed)]
    if protection:
        return [entry("protection", value, printed)]
    if re.search(r"adoption|fostering|children['\u2019]s home", what):
        return []
    return [entry("children_services", value, printed)]


def _subject(words: str) -> str:
    lowered = words.lower()
    if re.search(
        r"overall|services for children|children['\u2019]s (?:social care|services)|local authority|council", lowered
    ):
        return "children_services"
    if re.search(r"looked[ -]after|in care", lowered):
        return "looked_after"
    if re.search(r"safeguard|protection", lowered):
        return "protection"
    return "children_services"


def _month(name: str | None) -> int | None:
    return MONTHS.index(name.lower()) + 1 if name else None
