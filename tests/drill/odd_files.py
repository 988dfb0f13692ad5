"""Files that are made to hurt whoever reads them, or are called so."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Callable
from random import Random

from tests.drill.faults import Fault, Seen, judge, line_of
from tests.drill.machine import Machine

#: A person waits no longer than this for a delivery of such a file (seconds).
LONGEST = 120.0


def odd(files: Callable[[Random], dict[str, bytes]], says: str) -> Callable[[Machine, Random], Seen]:
    """A file in a folder of returns, with a good one beside it: it is named, and nothing else happens."""

    def do(machine: Machine, random: Random) -> Seen:
        import time

        before = machine.held()
        began = time.monotonic()
        done = machine.deliver(files(random))
        took = time.monotonic() - began
        seen = judge(machine, before, done, code=None, says=says)
        if took > LONGEST:
            seen.problems.append(f"it took {took:.0f} s")
        if re.search(r"\x1b\[|\x07", done.said):
            seen.problems.append("a name did what it says on the terminal")
        if done.code not in {0, 1}:
            seen.problems.append(f"the exit code is {done.code}: {line_of(done.said, None)}")
        seen.problems += machine.not_current()
        return seen

    return do


def workbook(cells: str, dimension: str) -> bytes:
    """A workbook with one sheet."""
    sheet = (
        '<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f'<dimension ref="{dimension}"/><sheetData>{cells}</sheetData></worksheet>'
    )
    xml, schemas = '<?xml version="1.0"?>', "http://schemas.openxmlformats.org"
    kind = "application/vnd.openxmlformats-"
    office, rels = f"{schemas}/officeDocument/2006/relationships", f"{schemas}/package/2006/relationships"
    parts = {
        "[Content_Types].xml": f'{xml}<Types xmlns="{schemas}/package/2006/content-types">'
        f'<Default Extension="rels" ContentType="{kind}package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}officedocument.spreadsheetml.sheet.main+xml"/>'
        '<Override PartName="/xl/worksheets/sheet1.xml" '
        f'ContentType="{kind}officedocument.spreadsheetml.worksheet+xml"/></Types>',
        "_rels/.rels": f'{xml}<Relationships xmlns="{rels}">'
        f'<Relationship Id="r" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'{xml}<workbook xmlns="{schemas}/spreadsheetml/2006/main" xmlns:r="{office}">'
        '<sheets><sheet name="LA_level_at_31_Mar" sheetId="1" r:id="r"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'{xml}<Relationships xmlns="{rels}">'
        f'<Relationship Id="r" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": sheet,
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        for name, text in parts.items():
            z.writestr(name, text)
    return out.getvalue()


def stray_cell(random: Random) -> dict[str, bytes]:
    """A sheet of two cells, the second in the last place that a sheet has."""
    cells = (
        '<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c></row>'
        '<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>b</t></is></c></row>'
    )
    return {"Childrens_social_care_in_England_2022_tables.xlsx": workbook(cells, "A1:XFD1048576")}


def pdf(stream: bytes, more: bytes = b"") -> bytes:
    """A PDF of one page with a compressed content stream."""
    packed = zlib.compress(stream, 9)
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(packed), packed),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        *([more] if more else []),
    ]
    out, offsets = b"%PDF-1.5\n", []
    for n, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (n, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % o for o in offsets)
    return out + b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)


def pdf_bomb(random: Random) -> dict[str, bytes]:
    """A report of a few kilobytes whose page unpacks to hundreds of megabytes of drawing."""
    return {"80000_886_kent_ilacs.pdf": pdf(b"BT /F1 1 Tf 1 0 0 1 50 50 Tm (a) Tj ET\n" * 8_000_000)}


def long_field(random: Random) -> dict[str, bytes]:
    """A CSV with one cell of half a megabyte."""
    return {"b1_children_in_need_2013_to_2024.csv": b"time_period,geographic_level\n2024," + b"x" * 500_000 + b"\n"}


def many_columns(random: Random) -> dict[str, bytes]:
    """A CSV of a hundred thousand columns."""
    head = b",".join(b"c%d" % n for n in range(100_000))
    return {"b1_children_in_need_2013_to_2024.csv": head + b"\n" + b",".join([b"1"] * 100_000) + b"\n"}


def strange_names(random: Random) -> dict[str, bytes]:
    """Names that are not UTF-8, that have a line break, and that would colour or ring a terminal."""
    raw = (b"caf\xe9.csv", b"two\nlines.csv", b"red\x1b[31m\x07.csv")
    return {name.decode("utf-8", "surrogateescape"): b"a,b\n1,2\n" for name in raw}


ODD_FILES = [
    Fault(
        "stray cell",
        "A workbook with a cell in its last possible place.",
        "files",
        odd(stray_cell, r"_tables\.xlsx"),
        1,
        True,
    ),
    Fault("PDF bomb", "A report that unpacks to hundreds of megabytes.", "files", odd(pdf_bomb, "80000_886"), 0),
    Fault(
        "long cell", "A CSV with a cell of half a megabyte.", "files", odd(long_field, "b1_children_in_need"), 1, True
    ),
    Fault(
        "100,000 columns",
        "A CSV that is wider than any table.",
        "files",
        odd(many_columns, "b1_children_in_need"),
        1,
        True,
    ),
    Fault(
        "strange names",
        "Files whose names are no text, or commands to a terminal.",
        "files",
        odd(strange_names, r"caf\\xe9"),
        1,
        True,
    ),
]
