"""Coding by people, between the published warehouse and the folder of codings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from flows.common.errors import CswError
from flows.common.files import sha256_of
from flows.common.output_folder import OutputFolder
from flows.common.settings import Settings
from flows.documents.themes.coder import CODER as RULES
from flows.documents.themes.coder import load_codebook
from flows.documents.themes.codings import AGREED, MODEL, CodingError, Codings, ItemCoding
from flows.documents.themes.drawing import Draw, Drawable, Key, draw, uncertainty
from flows.documents.themes.sheets import NONE, SheetItem, read_sheet, resolution_items, write_sheets
from flows.outputs.lock import see_that_it_is_no_input

if TYPE_CHECKING:
    import duckdb
    import pandas as pd

    from analysis.studies.report_themes.classifier import Learned
    from analysis.studies.report_themes.reliability import Coded, Reliability

#: Name of the sample of sheets that `draw` writes.
DRAWN = "drawn"


@dataclass(frozen=True, slots=True)
class _Item:
    text: str
    text_key: str
    framework: str
    judgement: str


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a sheet: the kept file and what it codes, or the problem."""

    sheet: Path
    coder: str = ""
    kept: Path | None = None
    count: int = 0
    blank: int = 0
    problem: str = ""


@dataclass(frozen=True)
class Progress:
    """How far the coding is: items, those that two or more people have coded, one has, and those that are agreed."""

    items: int
    by_two: int
    by_one: int
    agreed: int
    stale: int

    def text(self) -> str:
        """For people."""
        stale = f" {self.stale} codings are of words that have been read anew since." if self.stale else ""
        return (
            f"{self.items} recommendations: {self.agreed} agreed; not agreed yet are {self.by_two} coded by two or "
            f"more and {self.by_one} by one.{stale}"
        )


class Coding:
    """Draws, sheets out, codings in, agreement, a model.

    Args:
        settings: where codings are kept.
        con: the published warehouse.
    """

    def __init__(self, settings: Settings, con: duckdb.DuckDBPyConnection) -> None:
        self.settings, self.con = settings, con
        self.codings = Codings(settings.coding)
        self.themes = {t.entry.id: t.guide for t in load_codebook().themes}

    def achieved(self) -> pd.DataFrame:
        """The stratified sample as achieved; see :mod:`analysis.studies.report_themes.sampling`."""
        from analysis.studies.report_themes.sampling import achieved

        frame = self.con.sql("select * from intermediate.int_documents__study_frame").df()
        return achieved(frame, self.con.sql("select * from studies.rpt_report_themes__drawn").df())

    def progress(self) -> Progress:
        """How far the coding is."""
        agreed = set(self._coded_by(AGREED))
        times = Counter(key for person in self.codings.people() for key in self._coded_by(person) if key not in agreed)
        stale = sum(
            c.key not in self._items or self._items[c.key].text_key != c.text_key
            for coder in [*self.codings.people(), AGREED]
            for c in self.codings.of(coder)
        )
        by_one = sum(n == 1 for n in times.values())
        return Progress(len(self._items), len(times) - by_one, by_one, len(agreed), stale)

    def draw(
        self, coders: Sequence[str], size: int, out: Path, *, twice: float, seed: int, blind: bool = False
    ) -> tuple[Draw, list[Path]]:
        """Draw items that nobody has coded yet, and write each coder's sheet.

        Raises:
            CodingError: see :func:`flows.documents.themes.drawing.draw`.
            CswError: a sheet of that name has been filled in.
        """
        see_that_it_is_no_input(self.settings, out)
        done = set(self._coded_by(AGREED)).union(*(self._coded_by(p) for p in self.codings.people()))
        model = self._coded_by(MODEL)
        drawn = draw(
            (
                Drawable(key, item.framework, item.judgement, uncertainty(self._phrases.get(key, {}), model.get(key)))
                for key, item in self._items.items()
                if key not in done
            ),
            coders,
            size,
            twice,
            seed,
        )
        books = [
            _place(out, coder, DRAWN, self._sheet(keys, blind=blind), self.themes) for coder, keys in drawn.of.items()
        ]
        return drawn, books

    def export(self, coder: str, sample: str, out: Path, *, blind: bool = False) -> Path:
        """Write a coder's sheet of a whole sample.

        Raises:
            CodingError: there is no such sample, or the name is none.
        """
        see_that_it_is_no_input(self.settings, out)
        wanted = {
            "study": "report_id in (select report_id from studies.rpt_report_themes__drawn)",
            "corpus": "true",
        }.get(sample, "framework = $sample")
        keys = self.con.execute(
            f"select report_id, item from marts.fct_recommendation where {wanted} order by report_id, item",
            {"sample": sample} if "$sample" in wanted else None,
        ).fetchall()
        return _place(out, coder, sample, self._sheet(keys, blind=blind), self.themes)

    def take(self, files: Sequence[Path], coder: str | None = None) -> list[Taken]:
        """Keep filled-in sheets, each as its coder's next version; one that has a problem keeps no other back.

        Args:
            files: sheets of any coders.
            coder: whose they are; whom each of them names when None.
        """
        keys = {key: item.text_key for key, item in self._items.items()}
        taken: list[Taken] = []
        said: dict[tuple[str, Key], tuple[Path, tuple[str, ...]]] = {}
        for file in files:
            try:
                items, blank = read_sheet(file, coder, keys, self.themes)
                _same_twice(file, items, said)
                kept = self.codings.add(items[0].coder, items)
            except CodingError as exc:
                taken.append(Taken(file, problem=str(exc)))
                continue
            said.update({(i.coder, i.key): (file, i.themes) for i in items})
            taken.append(Taken(file, items[0].coder, kept, len(items), blank))
        return taken

    def agreement(self, coders: Sequence[str] = ()) -> Reliability:
        """How far coders agree; everybody who has coded when none is named.

        Raises:
            CodingError: fewer than two, or one who has coded nothing.
        """
        from analysis.studies.report_themes.reliability import reliability

        return reliability(self._codings_of(coders), list(self.themes))

    def disagreements(
        self, coders: Sequence[str], out: Path, *, alone: bool = True
    ) -> tuple[Path, list[SheetItem], int]:
        """Write the sheet for resolving: the workbook, the items that differ, and how many others it has.

        Args:
            coders: whose codings; of everybody when none is named.
            out: folder for the sheets.
            alone: with what one coder alone has coded, for review.

        Raises:
            CodingError: fewer than two, or one who has coded nothing, or nothing is left to agree on.
        """
        see_that_it_is_no_input(self.settings, out)
        codings = self._codings_of(coders)
        agreed = self._coded_by(AGREED)
        texts = {key: item.text for key, item in self._items.items() if key not in agreed}
        items = resolution_items(texts, codings, alone=alone)
        if not items:
            raise CodingError("nothing is left to agree on: every item that they coded is agreed.")
        book = _place(out, AGREED, "-".join(codings), items, self.themes)
        differing = [i for i in items if not i.themes]
        return book, differing, len(items) - len(differing)

    def model(self) -> tuple[Learned, Reliability, Reliability, Path]:
        """Train the model on the agreed coding and keep what it says.

        Returns:
            What it learned; how far it agrees with the agreed coding, on items whose report was held out, and how far
            the rules do on the same items; the file.

        Raises:
            CodingError: too little is agreed, and what is missing.
        """
        from analysis.studies.report_themes.classifier import ENOUGH, learn
        from analysis.studies.report_themes.reliability import reliability

        agreed = self._coded_by(AGREED)
        try:
            learned = learn({key: item.text for key, item in self._items.items()}, agreed, list(self.themes))
        except ValueError as exc:
            missing = max(ENOUGH - len(agreed), 0)
            need = f" {missing} more are needed (`csw coding draw`, `disagreements`)." if missing else ""
            raise CodingError(f"no model yet: {exc}.{need} {self.progress().text()}") from exc
        kept = self.codings.add(
            MODEL,
            [
                ItemCoding(*key, self._items[key].text_key, themes, MODEL, 0, note)
                for note, said in (("held out", learned.held_out), ("", learned.others))
                for key, themes in said.items()
            ],
        )
        rules = {key: themes for key, themes in self._rules().items() if key in agreed}
        themes = list(self.themes)
        mine = reliability({AGREED: agreed, MODEL: learned.held_out}, themes)
        return learned, mine, reliability({AGREED: agreed, RULES: rules}, themes), kept

    @cached_property
    def _items(self) -> dict[Key, _Item]:
        found = self.con.execute(
            """
            select
                report_id, item, text, text_key, coalesce(framework, 'none'),
                case overall_judgement
                    when 1 then 'good or outstanding' when 2 then 'good or outstanding'
                    when 3 then 'requires improvement' when 4 then 'inadequate' else 'none'
                end
            from marts.fct_recommendation
            order by report_id, item
            """
        ).fetchall()
        return {(report, item): _Item(*rest) for report, item, *rest in found}

    @cached_property
    def _phrases(self) -> dict[Key, dict[str, int]]:
        """Item -> theme of the rules -> how many phrases fired; items without any are left out."""
        found = self.con.execute(
            """
            select items.report_id, items.item, rules.theme, sum(len(string_split(rules.words, ' | ')))
            from marts.fct_recommendation as items
            inner join marts.fct_report as reports on items.report_id = reports.report_id
            inner join staging.stg_ofsted__recommendation_theme as rules
                on reports.sha256 = rules.sha256 and items.item = rules.item
            group by items.report_id, items.item, rules.theme
            order by all
            """
        ).fetchall()
        phrases: dict[Key, dict[str, int]] = {}
        for report, item, theme, n in found:
            phrases.setdefault((report, item), {})[theme] = int(n)
        return phrases

    def _sheet(self, keys: Iterable[Key], *, blind: bool) -> list[SheetItem]:
        rows = []
        for key in keys:
            themes = () if blind else tuple(self._phrases.get(key, ()))
            rows.append(SheetItem(*key, self._items[key].text, " | ".join(themes), about=themes))
        return rows

    def _coded_by(self, coder: str) -> dict[Key, tuple[str, ...]]:
        """What a coder says of the words as they are now; what was said of other words says nothing of these."""
        if coder == RULES:
            return self._rules()
        return {
            c.key: c.themes
            for c in self.codings.of(coder)
            if c.key in self._items and self._items[c.key].text_key == c.text_key
        }

    def _codings_of(self, coders: Sequence[str]) -> dict[str, Coded]:
        everybody = list(dict.fromkeys(coders or self.codings.people()))
        if len(everybody) < 2:
            there = ", ".join([*self.codings.coders(), RULES])
            raise CodingError(f"agreement takes two coders or more. There are: {there}.")
        found: dict[str, Coded] = {}
        for coder in everybody:
            coded = self._coded_by(coder)
            if not coded:
                known = ", ".join([*self.codings.coders(), RULES])
                raise CodingError(f"coder {coder!r} has coded nothing that is still in use. There are: {known}.")
            found[coder] = coded
        return found

    def _rules(self) -> dict[Key, tuple[str, ...]]:
        """The rules' coding of every item, also of those for which they have no theme."""
        return {key: tuple(self._phrases.get(key, ())) for key in self._items}


def listed(items: Sequence[SheetItem], most: int = 20) -> str:
    """Items that differ, for people: where they are, what each coder said, and how they begin."""
    lines = [f"{i.report_id} {i.item}: {i.suggested}\n    {i.text[:100]}" for i in items[:most]]
    return "\n".join([*lines, f"… and {len(items) - most} more on the sheet"] if len(items) > most else lines)


def _same_twice(
    file: Path, items: Sequence[ItemCoding], said: Mapping[tuple[str, Key], tuple[Path, tuple[str, ...]]]
) -> None:
    """Refuse a sheet that says of an item what another sheet of the same coder does not."""
    for item in items:
        earlier, themes = said.get((item.coder, item.key), (file, item.themes))
        if set(themes) != set(item.themes):
            raise CodingError(
                f"{file.name}: recommendation {item.item} of report {item.report_id} has "
                f"{', '.join(item.themes) or NONE}, and {', '.join(themes) or NONE} in {earlier.name}; both are of "
                f"{item.coder}. Leave one of them blank."
            )


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
