"""Cells of a workbook that hold no figure though they look like one, in the sheet that is read and in no other."""

import io
import zipfile

from flows.landing.workbooks import Parts

HEAD = (
    '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
    'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>'
)
PLAIN = '<table:table-cell office:value-type="float" office:value="1"><text:p>1</text:p></table:table-cell>'
UNSAVED = '<table:table-cell table:formula="of:=[.A1]"/>'


def ods(**sheets: str) -> bytes:
    """A workbook of sheets of one row each, given as its cells."""
    body = "".join(
        f'<table:table table:style-name="ta1" table:name="{name.replace("_and_", " &amp; ")}"><table:table-row>{cells}'
        "</table:table-row></table:table>"
        for name, cells in sheets.items()
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as z:
        z.writestr("content.xml", f"{HEAD}{body}</office:spreadsheet></office:body></office:document-content>")
    return out.getvalue()


def test_a_formula_without_a_result_is_a_fault_of_its_own_sheet_alone() -> None:
    book = ods(Cover=UNSAVED, Children_and_young_people=PLAIN + UNSAVED, Notes=PLAIN)
    assert Parts(book).faults("Cover") == {(1, 1): "formula without a saved result"}
    # As the sheet's name is, not as the file has to write it.
    assert Parts(book).faults("Children & young_people") == {(1, 2): "formula without a saved result"}
    assert Parts(book).faults("Notes") == {}
