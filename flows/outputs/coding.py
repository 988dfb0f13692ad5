"""Coding by people, between the published warehouse and the folder of codings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from flows.common.errors import CswError
from flows.common.files import sha256_of
from flows.common.output_folder import OutputFolder
from flows.common.settings import Settings
from flows.documents.themes.coder import CODER as RULES
from flows.documents.themes.coder import load_codebook
from flows.documents.themes.codings import AGREED, CodingError, Codings
from flows.documents.themes.sheets import SheetItem, read_sheet, resolution_items, write_sheets

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

    from analysis.studies.report_themes.reliability import Coded, Reliability


class Coding:
    """Sheets out, codings in, agreement.

    Args:
        settings: where codings are kept.
        con: the published warehouse.
    """

    def __init__(self, settings: Settings, con: duckdb.DuckDBPyConnection) -> None:
        self.con = con
        self.codings = Codings(settings.coding)
        self.themes = {t.entry.id: t.entry.definition for t in load_codebook().themes}

    def achieved(self) -> pd.DataFrame:
        """The stratified sample as achieved; see :mod:`analysis.studies.report_themes.sampling`."""
        from analysis.studies.report_themes.sampling import achieved

        frame = self.con.sql("select * from intermediate.int_documents__study_frame").df()
        return achieved(frame, self.con.sql("select * from studies.rpt_report_themes__drawn").df())

    def export(self, coder: str, sample: str, out: Path, *, blind: bool = False) -> Path:
        """Write a coder's sheet.

        Raises:
            CodingError: there is no such sample, or the name is none.
        """
        wanted = {
            "study": "report_id in (select report_id from studies.rpt_report_themes__drawn)",
            "corpus": "true",
        }.get(sample, "framework = $sample")
        found = self.con.execute(
            f"""
            select report_id, item, text
            from marts.fct_recommendation
            where {wanted}
            order by report_id, item
            """,
            {"sample": sample} if "$sample" in wanted else None,
        ).fetchall()
        suggested = {} if blind else {key: " | ".join(themes) for key, themes in self._rules().items()}
        items = [SheetItem(r, i, text, suggested.get((r, i), "")) for r, i, text in found]
        return _place(out, coder, sample, items, self.themes)

    def take(self, file: Path, coder: str) -> tuple[Path, int, int]:
        """Keep a filled-in sheet: the new file, how many items it codes, and how many were left blank.

        Raises:
            CodingError: with every problem by row and column.
        """
        keys = self.con.execute("select report_id, item, text_key from marts.fct_recommendation").fetchall()
        items, blank = read_sheet(file, coder, {(r, i): key for r, i, key in keys}, self.themes)
        return self.codings.add(coder, items), len(items), blank

    def agreement(self, coders: Sequence[str]) -> Reliability:
        """How far coders agree.

        Raises:
            CodingError: fewer than two, or one who has coded nothing.
        """
        from analysis.studies.report_themes.reliability import reliability

        return reliability(self._codings_of(coders), list(self.themes))

    def disagreements(self, coders: Sequence[str], out: Path) -> tuple[Path, int, int]:
        """Write the sheet for resolving: the workbook, how many items differ, how many do not.

        Raises:
            CodingError: fewer than two, or one who has coded nothing, or no item in common.
        """
        texts = self.con.execute("select report_id, item, text from marts.fct_recommendation").fetchall()
        items = resolution_items({(r, i): text for r, i, text in texts}, self._codings_of(coders))
        book = _place(out, AGREED, "-".join(coders), items, self.themes)
        differing = sum(not i.themes for i in items)
        return book, differing, len(items) - differing

    def _codings_of(self, coders: Sequence[str]) -> dict[str, Coded]:
        if len(set(coders)) < 2:
            raise CodingError("give two coders or more.")
        found: dict[str, Coded] = {}
        for coder in dict.fromkeys(coders):
            coded = self._rules() if coder == RULES else {c.key: c.themes for c in self.codings.of(coder)}
            if not coded:
                known = ", ".join([*self.codings.coders(), RULES])
                raise CodingError(f"coder {coder!r} has coded nothing. There are: {known}.")
            found[coder] = coded
        return found

    def _rules(self) -> dict[tuple[str, int], tuple[str, ...]]:
        """The rules' coding of every item, also of those for which they have no theme."""
        rows = self.con.execute(
            """
            select items.report_id, items.item, list(distinct rules.theme order by rules.theme)
                filter (where rules.theme is not null)
            from marts.fct_recommendation as items
            inner join marts.fct_report as reports on items.report_id = reports.report_id
            left join staging.stg_ofsted__recommendation_theme as rules
                on reports.sha256 = rules.sha256 and items.item = rules.item
            group by items.report_id, items.item
            """
        ).fetchall()
        return {(r, i): tuple(themes or ()) for r, i, themes in rows}


def _place(folder: Path, coder: str, sample: str, items: Sequence[SheetItem], themes: Mapping[str, str]) -> Path:
    """Write a sheet into a folder of sheets, but never over one that somebody has filled in.

    Raises:
        CodingError: there is nothing to write.
        CswError: the folder is not one of sheets, or this sheet has been changed since it was written.
    """
    place, part = OutputFolder(folder, "sheets for coding"), f"{coder}_{sample}"
    stamp = place.stamp(part)
    if stamp and _digest(folder, place.files.get(part, [])) not in (stamp, ""):
        raise CswError(
            f"{folder / part}.xlsx or .csv has been changed since it was written: somebody may be coding there. Import "
            "it (`csw coding import`) and move it away, or give another folder."
        )
    with place.replacing(part) as made:
        book = write_sheets(made, coder, sample, items, themes)
    place.restamp(part, _digest(folder, place.files[part]))
    return folder / book.name


def _digest(folder: Path, names: Sequence[str]) -> str:
    """Of the files of a sheet that are there; blank where none is."""
    there = [folder / n for n in sorted(names) if (folder / n).exists()]
    return sha256_of(b"".join(p.read_bytes() for p in there)) if there else ""
