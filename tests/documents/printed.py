"""Small printed reports for the tests: pages set as inspectors' reports are, with sentences of their own."""

from __future__ import annotations

import io
from functools import cache
from typing import Any

# Margin, hanging indent and leading of the printed reports, in points.
MARGIN, INDENT, LEADING, PARAGRAPH = 71.0, 28.0, 14.5, 26.5
TOP, WIDTH, HEIGHT = 745.0, 595.0, 842.0


# Symbols of the inspectors' fonts that the fonts at hand lack: another symbol is drawn, and said to be the wanted one.
_DRAWN_AS = dict(
    zip("\uf06e\u25fc\uf0a7\uf0b7\uf02d\u2500\u0336", "\u2202\u2206\u220f\u2211\u221a\u221e\u222b", strict=True)
)


@cache
def _fonts() -> tuple[str, str]:
    """A font for text and its bold, which come with the library and take any character."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    pdfmetrics.registerFont(TTFont("Text", "Vera.ttf"))
    pdfmetrics.registerFont(TTFont("Text-Bold", "VeraBd.ttf"))
    return "Text", "Text-Bold"


class Sheet:
    """A document that is written from top to bottom; `pdf()` gives its bytes."""

    def __init__(self, **canvas: Any) -> None:
        from reportlab.pdfgen.canvas import Canvas

        self._file = io.BytesIO()
        self._canvas = Canvas(self._file, pagesize=(WIDTH, HEIGHT), invariant=True, pageCompression=0, **canvas)
        self._y = TOP
        self._number = 1

    def at(self, text: str, x: float, y: float, size: float = 12, *, bold: bool = False) -> Sheet:
        """Words at a place, whatever comes before or after in the file."""
        self._canvas.setFont(_fonts()[bold], size)
        self._canvas.drawString(x, y, text.translate(str.maketrans(_DRAWN_AS)))
        return self

    def line(
        self, text: str, x: float = MARGIN, size: float = 12, *, bold: bool = False, after: float = LEADING
    ) -> Sheet:
        """The next line."""
        self.at(text, x, self._y, size, bold=bold)
        self._y -= after
        return self

    def paragraph(self, *lines: str, x: float = MARGIN) -> Sheet:
        """Lines of text and the space below them."""
        for text in lines:
            self.line(text, x)
        return self.space()

    def heading(self, *lines: str, size: float = 14) -> Sheet:
        """A bold heading and the space below it."""
        for text in lines:
            self.line(text, size=size, bold=True, after=1.2 * size)
        return self.space()

    def small_heading(self, text: str) -> Sheet:
        """A heading set like the text."""
        return self.line(text, after=PARAGRAPH)

    def item(self, marker: str, *lines: str, x: float = MARGIN) -> Sheet:
        """A list item with a hanging indent."""
        self.at(marker, x, self._y)
        for text in lines:
            self.line(text, x + INDENT)
        return self.space()

    def space(self, points: float = PARAGRAPH - LEADING) -> Sheet:
        """Room below."""
        self._y -= points
        return self

    def row(self, label: tuple[str, ...], grade: tuple[str, ...], *, bold: bool = False) -> Sheet:
        """A row of a table of two columns, cell by cell; the words of a cell may take several lines."""
        for depth, words in enumerate(label):
            self.at(words, MARGIN + 6, self._y - depth * LEADING, 10.5, bold=bold)
        for depth, words in enumerate(grade):
            self.at(words, 430, self._y - depth * LEADING, 10.5)
        return self.space(max(len(label), len(grade)) * LEADING + 8)

    def footnote(self, *lines: str) -> Sheet:
        """Small lines at the foot of the page."""
        for depth, text in enumerate(reversed(lines)):
            self.at(text, MARGIN, 75 + 12 * depth, 10)
        return self

    def page(self, running: str | None = None) -> Sheet:
        """End the page with its number, or with a running foot and its number, and begin the next."""
        if running:
            self.at(running, MARGIN, 45, 8, bold=True)
            self.at(f"12 to 23 January 2026 {self._number}", MARGIN, 36, 8, bold=True)
        else:
            self.at(str(self._number), 514, 34, 20)
        self._canvas.showPage()
        self._y = TOP
        self._number += 1
        return self

    def rectangle(self) -> Sheet:
        """A picture: something that is drawn and holds no words."""
        self._canvas.rect(100, 100, 300, 500, fill=1)
        return self

    def pdf(self) -> bytes:
        """The bytes of the document; nothing may be added afterwards."""
        self._canvas.save()
        data = self._file.getvalue()
        for wanted, drawn in _DRAWN_AS.items():
            data = data.replace(f"<{ord(drawn):04X}>".encode(), f"<{ord(wanted):04X}>".encode())
        return data


SIF_TITLE = (
    "Inspection of services for children in need of help and",
    "protection, children looked after and care leavers",
)
BOARD_TITLE = ("Review of the effectiveness of the Local Safeguarding Children", "Board1")
SIF_ROWS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("1. Children who need help and protection",), ("Requires improvement",)),
    (("2. Children looked after and achieving", "permanence"), ("Good",)),
    (("2.1 Adoption performance",), ("Outstanding",)),
    (("2.2 Experiences and progress of care leavers",), ("Requires", "improvement")),
    (("3. Leadership, management and governance",), ("Inadequate",)),
)


def sif_cover(
    sheet: Sheet,
    name: str = "Nowhere Borough Council",
    dates: str = "Inspection date: 2 June 2014 – 25 June 2014",
    overall: tuple[str, ...] = ("The overall judgement is that children’s services require", "improvement"),
    rows: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = SIF_ROWS,
    published: str | None = "Report published: 8 August 2014",
    *,
    board: bool = True,
    title: tuple[str, ...] = SIF_TITLE,
) -> Sheet:
    """First page of a single inspection report."""
    sheet.line(name, size=26, after=32).heading(*title)
    if board:
        sheet.line("and", size=14, after=20).heading(*BOARD_TITLE)
    sheet.heading(dates)
    if published:
        sheet.heading(published)
    sheet.heading(*overall)
    sheet.paragraph("Help comes too late for some families, and leaders know", "what they have to do next.")
    for label, grade in rows:
        sheet.row(label, grade, bold=not label[0].startswith("2."))
    return sheet.footnote("1 Ofsted produces this report under powers given", "by an Act.")


ILACS_ROWS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("The impact of leaders on social work practice with children", "and families"), ("Good",)),
    (
        ("The experiences and progress of children who need help and", "protection"),
        ("Requires improvement", "to be good"),
    ),
    (("The experiences and progress of children in care and care", "leavers"), ("Good",)),
    (("Overall effectiveness",), ("Good",)),
)


def ilacs_cover(
    sheet: Sheet,
    name: str | None = "Nowhere County Council",
    title: str = "Inspection of children’s social care services",
    dates: str = "Inspection dates: 7 October 2019 to 18 October 2019",
    rows: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = ILACS_ROWS,
) -> Sheet:
    """First page of an ILACS report."""
    if name:
        sheet.line(name, size=26, after=32)
    sheet.heading(title)
    sheet.heading(dates, size=12)
    sheet.heading("Lead inspector: A Person", "Her Majesty’s Inspector", size=12)
    sheet.at("Judgement", MARGIN + 6, sheet._y, bold=True).at("Grade", 400, sheet._y, bold=True).space(22)
    for label, grade in rows:
        sheet.row(label, grade)
    return sheet.paragraph("Children are heard in this county, and their plans are their own.")


def prose(sheet: Sheet, lines: int = 12) -> Sheet:
    """Lines of text, so that the usual size and leading of the document are those of its text."""
    return sheet.paragraph(
        *(f"Line {number} of a chapter that says how well the work was found to be done." for number in range(lines))
    )


def raw_pdf(*objects: str) -> bytes:
    """A PDF from the bodies of its objects, the first being the catalogue: for what no library would write."""
    out = b"%PDF-1.7\n"
    places = []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{body}\nendobj\n".encode("latin-1")
    table = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(f"{place:010d} 00000 n \n".encode() for place in places)
    return out + f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n".encode()
