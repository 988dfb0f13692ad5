"""A few inspection reports as PDF: the printed forms of the single inspection and its successor, with invented words.

The writer sets lines of the two fonts that every reader of PDF has, and nothing more: a report needs no other, and the
sample no further library.
"""

from __future__ import annotations

import zlib
from datetime import date, timedelta
from typing import TYPE_CHECKING

from flows.sample.inspections import Inspection

if TYPE_CHECKING:
    import numpy as np

#: How many reports of each framework are written.
REPORTS = {"sif": 9, "ilacs": 5}
_LEFT, _TOP, _LEADING, _INDENT = 71.0, 745.0, 14.5, 28.0
_GRADES = {1: "Outstanding", 2: "Good", 3: "Requires improvement", 4: "Inadequate"}
_OVERALL = {1: "are outstanding", 2: "are good", 3: "require improvement", 4: "are inadequate"}
_SIF_TITLE = (
    "Inspection of services for children in need of help and",
    "protection, children looked after and care leavers",
)
_SIF_ROWS = (
    ("1. Children who need help and protection", "help_and_protection"),
    ("2. Children looked after and achieving permanence", "children_looked_after"),
    ("2.1 Adoption performance", "adoption"),
    ("2.2 Experiences and progress of care leavers", "care_leavers"),
    ("3. Leadership, management and governance", "leadership"),
)
_ILACS_ROWS = (
    (("The impact of leaders on social work practice with children", "and families"), "leadership"),
    (("The experiences and progress of children who need help and", "protection"), "help_and_protection"),
    (("The experiences and progress of children in care and care", "leavers"), "children_looked_after"),
)
#: Sentences that recommendations are drawn from, each in lines as they are set.
_ASKED = (
    ("Improve the quality of assessments so that they are up to", "date and take account of what children say."),
    ("Ensure that managers oversee casework and record the", "reasons for their decisions."),
    ("Reduce drift and delay in planning for permanence.",),
    ("Make sure that strategy discussions include the police and", "health services."),
    ("Use performance information and audits to understand and", "improve the quality of practice."),
    ("Ensure that social workers have manageable caseloads and", "regular supervision."),
    ("Ensure that thresholds are understood and applied", "consistently by all partner agencies."),
    ("Make sure that care leavers have pathway plans that are", "clear and reviewed in time."),
    ("Ensure that risks to children who go missing are assessed", "and that return interviews are offered."),
    ("Involve parents and children in plans, and listen to what", "they say."),
    ("Improve the sufficiency of placements for older children.",),
    ("Strengthen the challenge by independent reviewing officers.",),
)


class _Page:
    """Lines of a page, set from top to bottom."""

    def __init__(self) -> None:
        self.y, self.content = _TOP, ""

    def at(self, text: str, x: float, y: float, size: float = 12, *, bold: bool = False) -> None:
        words = (
            text.encode("cp1252").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)").decode("latin-1")
        )
        self.content += f"BT /F{2 if bold else 1} {size:g} Tf {x:g} {y:g} Td ({words}) Tj ET\n"

    def lines(self, *texts: str, x: float = _LEFT, size: float = 12, bold: bool = False) -> None:
        """Lines and the space below them."""
        for text in texts:
            self.at(text, x, self.y, size, bold=bold)
            self.y -= max(_LEADING, 1.2 * size)
        self.y -= 12

    def item(self, marker: str, *texts: str) -> None:
        """A list item with a hanging indent."""
        self.at(marker, _LEFT, self.y)
        self.lines(*texts, x=_LEFT + _INDENT)

    def row(self, label: tuple[str, ...], grade: str) -> None:
        """A row of the table of judgements."""
        for depth, words in enumerate(label):
            self.at(words, _LEFT + 6, self.y - depth * _LEADING, 10.5)
        self.at(grade, 430, self.y, 10.5)
        self.y -= len(label) * _LEADING + 8


def chosen_reports(inspections: list[Inspection], rng: np.random.Generator) -> list[Inspection]:
    """The inspections whose reports are in the sample: some of each framework, every judgement among them."""
    chosen: list[Inspection] = []
    for framework, size in REPORTS.items():
        mine = [i for i in inspections if i.framework == framework]
        by_grade = [[i for i in mine if i.overall == grade] for grade in (4, 3, 2, 1)]
        for n in range(size):
            group = by_grade[n % 4] or mine
            chosen.append(group.pop(int(rng.integers(len(group)))))
    return chosen


def report_pdf(i: Inspection, name: str, rng: np.random.Generator) -> bytes:
    """The report of an inspection."""
    picked = rng.choice(len(_ASKED), int(rng.integers(4, 9)), replace=False)
    asked: list[tuple[str, ...]] = [_ASKED[int(n)] for n in picked]
    return _document(_sif(i, name, asked) if i.framework == "sif" else _ilacs(i, name, asked))


def _sif(i: Inspection, name: str, asked: list[tuple[str, ...]]) -> list[_Page]:
    cover, body = _Page(), _Page()
    cover.lines(name, size=26)
    cover.lines(*_SIF_TITLE, size=14, bold=True)
    cover.lines(f"Inspection date: {_day(i.began)} – {_day(i.began + timedelta(24))}", size=14, bold=True)
    cover.lines(f"Report published: {_day(i.published)}", size=14, bold=True)
    cover.lines(f"Children’s services in {name} {_OVERALL[i.overall]}", size=14, bold=True)
    _prose(cover, 3)
    for label, part in _SIF_ROWS:
        if part in i.parts:
            cover.row((label,), _GRADES[i.parts[part]])
    body.lines("Recommendations", size=14, bold=True)
    for n, texts in enumerate(asked, 1):
        body.item(f"{n}.", *texts)
    body.lines("Summary for children and young people", size=14, bold=True)
    _prose(body, 8)
    return [cover, body, *_chapters(2)]


def _ilacs(i: Inspection, name: str, asked: list[tuple[str, ...]]) -> list[_Page]:
    cover, body = _Page(), _Page()
    cover.lines(name, size=26)
    cover.lines("Inspection of children’s social care services", size=14, bold=True)
    cover.lines(f"Inspection dates: {_day(i.began)} to {_day(i.began + timedelta(11))}", bold=True)
    cover.lines("Lead inspector: Nobody at All", bold=True)
    cover.at("Judgement", _LEFT + 6, cover.y, bold=True)
    cover.at("Grade", 430, cover.y, bold=True)
    cover.y -= 22
    for label, part in _ILACS_ROWS:
        if part in i.parts:
            cover.row(label, _GRADES[i.parts[part]])
    cover.row(("Overall effectiveness",), _GRADES[i.overall])
    _prose(cover, 6)
    body.lines("What needs to improve?", size=14, bold=True)
    for texts in asked:
        body.item("•", *texts)
    body.lines("The experiences and progress of children who need help and", "protection", size=14, bold=True)
    _prose(body, 8)
    return [cover, body, *_chapters(1)]


def _chapters(count: int) -> list[_Page]:
    pages = [_Page() for _ in range(count)]
    for page in pages:
        _prose(page, 25)
    return pages


def _prose(page: _Page, lines: int) -> None:
    page.lines(*(f"Line {n} of a chapter that is invented from its first word to its last." for n in range(lines)))


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _document(pages: list[_Page]) -> bytes:
    kids = " ".join(f"{5 + 2 * n} 0 R" for n in range(len(pages)))
    font = "<< /Type /Font /Subtype /Type1 /BaseFont /{} /Encoding /WinAnsiEncoding >>"
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>",
        font.format("Helvetica"),
        font.format("Helvetica-Bold"),
    ]
    for n, page in enumerate(pages):
        page.at(str(n + 1), 514, 34, 20)
        stream = zlib.compress(page.content.encode("latin-1"), 9).decode("latin-1")
        objects += [
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R /F2 4 0 R >> >> "
            f"/Contents {6 + 2 * n} 0 R >>",
            f"<< /Length {len(stream)} /Filter /FlateDecode >>\nstream\n{stream}\nendstream",
        ]
    out, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode("latin-1")
    table = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{place:010d} 00000 n \n".encode() for place in places)
    return out + f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n".encode()
