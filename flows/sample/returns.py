"""The Department's csv files and workbooks: wide, tidy and presentation sheets, as their passports describe them."""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from flows.landing.grids import label
from flows.landing.periods import last_year
from flows.sample.layouts import Layout
from flows.sample.meaning import Cell, Meaning, Meanings, Share
from flows.sample.places import ENGLAND, REGIONS, TINY, Authority
from flows.sample.release import AREAS, JOINT_RETURNS, Figures, Release
from flows.sample.writers import Row, csv_bytes, csv_field, text_bytes

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray

_TIDY_KEYS = (
    "time_period",
    "time_identifier",
    "geographic_level",
    "country_code",
    "country_name",
    "region_code",
    "region_name",
)
#: England's row bears another place's code in these children-in-need censuses.
_CODE_OF_WIGHT = {"2010": "921", "2011": "921", "2012": "921"}
_ONS_CODE_OF_WIGHT = frozenset({"2013", "2014", "2015", "2017"})
#: Publishers that went on printing ONS codes replaced in 2013, and for how many years.
_LAG = {("dfe_workforce", "2015"): 4, ("dfe_workforce", "2016"): 4, ("dfe_cla", "2017"): 5}
#: Short names of the older releases.
SHORT_NAMES = {
    "801": "Bristol",
    "810": "Kingston upon Hull",
    "840": "Durham",
    "884": "Herefordshire",
    "822": "Bedford Borough",
    "882": "Southend",
}
_DUPLICATE = re.compile(r" \((\d+)\)$")


class Returns:
    """Writes tables of the Department's publications."""

    def __init__(self, meanings: Meanings) -> None:
        """Args:
        meanings: what columns carry.
        """
        self.meanings = meanings

    # -- lines ---------------------------------------------------------------

    def lines(self, layout: Layout, release: Release, years: Sequence[int]) -> list[str]:
        """Areas (by name) and authorities (by code) that a table lists, top to bottom."""
        places = release.world.places
        if layout.table.level is None and not {"la_code", "gss_code", "la_name"} & set(layout.keys):
            return [ENGLAND]
        areas: list[str] = [a for a in AREAS if a != "London" or "looked" not in layout.table.table]
        seen = [a for a in places.authorities if any(a.existed_in(y) for y in years)]
        if layout.passport.source == "dfe_cla" and release.edition_year <= 2014:
            seen = [a for a in seen if a.code not in TINY or (a.code == "201" and release.edition_year > 2010)]
        return [*areas, *(a.code for a in seen)]

    def _numbers_of(self, lines: Sequence[str], release: Release) -> list[int]:
        n, row_of = len(release.world.places.codes), release.world.places.row_of
        return [row_of[x] if x in row_of else n + AREAS.index(x) for x in lines]

    # -- figures -------------------------------------------------------------

    def column(
        self, meaning: Meaning | Share | None, name: str, layout: Layout, release: Release, year: int
    ) -> list[str]:
        """One column's text on every line; a column without a meaning gets figures of its own."""
        thousands = "thousands" in layout.marks
        if meaning is not None:
            figures = release.figures(meaning, year)
            at = meaning.year if isinstance(meaning, Meaning) and meaning.year is not None else year
            return release.printed(figures, at, thousands=thousands)
        return release.printed(self._unmapped(name, layout, release, year), year, thousands=thousands)

    def _unmapped(self, name: str, layout: Layout, release: Release, year: int) -> Figures:
        """Figures of a column that no measure uses: a steady part of some whole."""
        import numpy as np

        whole = release.count("cla" if "cla" in layout.passport.source else "cin", year)
        share = 0.03 + zlib.crc32(name.encode()) % 1000 / 4000
        part = np.floor(whole * share)
        at = year + (layout.passport.source == "dfe_workforce")
        part = release.with_areas(part, at)
        if re.search(r"%|pc$|perc|rate|average|score|median", name, re.IGNORECASE):
            return Figures(part, release.with_areas(whole, at), 100, 1, "unmapped")
        return Figures(part, None, 1, 0, "unmapped")

    # -- wide ----------------------------------------------------------------

    def wide(self, layout: Layout, release: Release) -> bytes:
        """A csv with a row per place and the figures side by side."""
        source, table, edition = layout.passport.source, layout.table.table, layout.edition
        period = layout.periods[0] if layout.periods and layout.periods[0] else edition
        year = last_year(period) or release.edition_year
        cells = self.meanings.of(source, table, edition)
        columns: list[tuple[str, Meaning | Share | None]] = []
        for (_, name), meaning in cells.items():
            duplicate = _DUPLICATE.search(name)
            if duplicate:
                base = name[: duplicate.start()]
                columns += [(base, None)] * (int(duplicate.group(1)) - 1 - sum(c == base for c, _ in columns))
                name = base
            columns.append((name, meaning))
        for c in (*layout.table.header, *layout.reading.header, *layout.extra_columns):
            if label(c) not in {label(h) for h, _ in columns}:
                columns.append((c, None))
        lines = self.lines(layout, release, [year])
        heads, keys = self._wide_keys(layout, release, lines, year, period)
        numbers = self._numbers_of(lines, release)
        texts = []
        for name, meaning in columns:
            whole = self.column(meaning, name, layout, release, year)
            texts.append([whole[i] for i in numbers])
        names = [c for c, _ in columns]
        if source == "dfe_cin" and edition <= "2015":
            flags = [f"{n}DCI" for n in names if n.startswith(("CINAt", "Referrals", "CPPAt")) and n[-4:].isdigit()]
            names += flags
            texts += [["" if x in AREAS else "3321"[zlib.crc32((f + x).encode()) % 4] for x in lines] for f in flags]
        if source == "dfe_workforce":
            self._joint(lines, texts, release, keys, heads)
        body = zip(keys, zip(*texts, strict=True), strict=True)
        eol = "\r\n" if "crlf" in layout.marks else "\n"
        rows = [",".join(csv_field(c) for c in (*heads, *names))]
        rows += [",".join(csv_field(c) for c in (*k, *v)) for k, v in body]
        return text_bytes(eol.join(rows) + eol, marks=layout.marks)

    def _wide_keys(
        self, layout: Layout, release: Release, lines: list[str], year: int, period: str
    ) -> tuple[list[str], list[list[str]]]:
        """Names of the key columns and their text on each line."""
        keys = layout.keys
        lag = _LAG.get((layout.passport.source, layout.edition), 0)
        if any("geographic_level" in v or v == "level" for v in keys.values()):
            heads = ["level" if h == "geographic_level" and keys["level"] == "level" else h for h in _TIDY_KEYS]
            heads += ["old_la_code", "new_la_code", "la_name"]
            return heads, [self._tidy_key(x, release, period, lag=lag) for x in lines]
        order = _positions(keys)
        if order:
            heads = ["LA Number" if layout.edition == "2010" else "", *[""] * (len(order) - 1)]
            return heads, [self._values(order, x, layout, release, year, lag) for x in lines]
        order = list(keys)
        if layout.passport.source == "dfe_workforce":
            heads = ["Country_code", "Country_name", "Region_code", "Region_name"]
            heads += ["LA_code (9 digit)", "LA_name", "LA_code (3 digit)"]
            out = []
            for x in lines:
                tidy = self._tidy_key(x, release, str(year), lag=lag)
                out.append([*tidy[3:7], tidy[8], tidy[9], tidy[7]])
            return heads, out
        if "country_name" in keys:
            heads = ["country_code", "country_name", "gor_code", "gor_name", "la_code", "la_9digit", "la_name"]
            out = []
            for x in lines:
                a = release.world.places.by_code.get(x)
                region = a.region if a else x if x != ENGLAND else ""
                letter = REGIONS[region][1] if region else ""
                mine = [x, release.world.places.ons_code(x, year, lag=lag), a.name] if a else ["", "", ""]
                out.append(["921", ENGLAND, letter, region, *mine])
            return heads, out
        return [keys[k] for k in order], [self._values(order, x, layout, release, year, lag) for x in lines]

    def _values(self, order: list[str], x: str, layout: Layout, release: Release, year: int, lag: int) -> list[str]:
        """A line's code, name and level in the writing of the older releases."""
        places, edition = release.world.places, layout.edition
        a = places.by_code.get(x)
        is_cin = layout.passport.source == "dfe_cin"
        values = {
            "level": "LA" if a else ("National" if x == ENGLAND else "Region"),
            "la_code": x if a else self._area_code(x, edition),
            "gss_code": places.ons_code(x, year, lag=lag) if a else self._area_ons_code(x, edition, is_cin),
            "la_name": self._old_name(a, edition) if a else (x.upper() if layout.table.shape == "sheet" else x),
        }
        if not is_cin and not a:
            values["level"] = (
                values["level"].upper() if int(edition[:4]) > 2010 else values["level"].replace("Region", "GOR")
            )
        return [values.get(k, "") for k in order]

    @staticmethod
    def _area_code(x: str, edition: str) -> str:
        return REGIONS[x][1] if x != ENGLAND else _CODE_OF_WIGHT.get(edition[:4], "999")

    @staticmethod
    def _area_ons_code(x: str, edition: str, is_cin: bool) -> str:
        if x != ENGLAND:
            return REGIONS[x][0]
        return "E06000046" if is_cin and edition in _ONS_CODE_OF_WIGHT else "E92000001"

    @staticmethod
    def _old_name(a: Authority, edition: str) -> str:
        return SHORT_NAMES.get(a.code, a.name) if int(edition[:4]) <= 2016 else a.name

    def _joint(
        self, lines: list[str], texts: list[list[str]], release: Release, keys: list[list[str]], heads: list[str]
    ) -> None:
        """One row for two authorities that share a return, in the place of the first."""
        year = release.edition_year
        for first, second, since in JOINT_RETURNS:
            if year < since or first not in lines or second not in lines:
                continue
            i, j = lines.index(first), lines.index(second)
            code, ons, name = (heads.index(h) for h in ("LA_code (3 digit)", "LA_code (9 digit)", "LA_name"))
            for at in (code, ons, name):
                keys[i][at] = f"{keys[i][at]} / {keys[j][at]}"
            del keys[j], lines[j]
            for column in texts:
                del column[j]

    # -- tidy ----------------------------------------------------------------

    def tidy(self, layout: Layout, release: Release) -> bytes:
        """A csv with a row per period, place and filter."""
        source, table, edition = layout.passport.source, layout.table.table, layout.edition
        cells = self.meanings.of(source, table, edition)
        filters = [n.split("|")[0] for n in layout.table.filter_columns(layout.reading).values()]
        combinations = list(dict.fromkeys([f for f, _ in cells] + list(layout.extra_filters))) or [""]
        # Of the names that a column has had, the first is the one of these editions.
        header = [c for h in (*layout.table.header, *layout.reading.header) if (c := h.split("|")[0]) not in filters]
        columns = list(dict.fromkeys([*(c for _, c in cells), *header, *layout.extra_columns]))
        has_category = source == "dfe_cin" and table != "population" and "category" not in filters
        is_national = "la_code" not in layout.keys
        periods = layout.periods[-6:] if is_national else layout.periods
        if not cells:
            periods = periods[-1:]
        period_years = [(p, last_year(p) or release.edition_year) for p in periods]
        # A mid-year and a September belong to the reporting year that ends the March after.
        runs_ahead = table == "population" or source == "dfe_workforce"
        place_years = [y + runs_ahead for _, y in period_years]
        lines = self.lines(layout, release, place_years)
        keep_all = source == "dfe_cla"  # rows for authorities of other years too, marked as not applicable
        heads = [*_TIDY_KEYS]
        if layout.keys.get("level") == "level":
            heads[2] = "level"
        heads += [] if is_national else ["old_la_code", "new_la_code", "la_name"]
        heads += ["category"] if has_category else []
        eol = "\r\n" if "crlf" in layout.marks else "\n"
        out = [",".join(csv_field(c) for c in (*heads, *filters, *columns))]
        numbers = self._numbers_of(lines, release)
        places = release.world.places
        for (period, year), place_year in zip(period_years, place_years, strict=True):
            shown = [
                (x, i)
                for x, i in zip(lines, numbers, strict=True)
                if keep_all or x not in places.by_code or places.by_code[x].existed_in(place_year)
            ]
            prefixes = []
            for x, _ in shown:
                key = self._tidy_key(x, release, period)
                key = key[: len(_TIDY_KEYS)] if is_national else key
                key += [_category(table)] if has_category else []
                prefixes.append(",".join(csv_field(c) for c in key))
            for combination in combinations:
                parts = dict(p.split("=", 1) for p in combination.split("|")) if combination else {}
                middle = "".join("," + csv_field(parts.get(f, "")) for f in filters)
                texts = []
                for c in columns:
                    whole = self.column(_of(cells, combination, c), c + combination, layout, release, year)
                    texts.append([whole[i] for _, i in shown])
                out += [p + middle + "," + ",".join(v) for p, v in zip(prefixes, zip(*texts, strict=True), strict=True)]
        return text_bytes(eol.join(out) + eol, marks=layout.marks)

    def _tidy_key(self, x: str, release: Release, period: str, *, lag: int = 0) -> list[str]:
        """Time and place of a row in the standard of Explore Education Statistics."""
        places = release.world.places
        a = places.by_code.get(x)
        if "/" in period:
            identifier = f"Year ending 31 March {last_year(period)}"
        elif len(period) == 6:
            identifier = "Academic year"
        else:
            identifier = "Reporting year"
        level = "Local authority" if a else "National" if x == ENGLAND else "Regional"
        region = a.sub_region if a else x if x != ENGLAND else ""
        ons = REGIONS[region][0] if region else ""
        mine = [x, self._ons_code_in(a, release, last_year(period) or 0, lag), a.name] if a else ["", "", ""]
        return [period, identifier, level, "E92000001", ENGLAND, ons, region, *mine]

    @staticmethod
    def _ons_code_in(a: Authority, release: Release, year: int, lag: int) -> str:
        """The ONS code in a release: pure recodes are cast back in the newer ones."""
        places = release.world.places
        if release.source == "dfe_cla" and release.edition_year >= 2024:
            return places.ons_code(a.code, release.edition_year)
        if a.code in ("390", "929") and not lag:
            return places.ons_code(a.code, max(year, 2014))
        return places.ons_code(a.code, year, lag=lag)

    def attributes(self, layout: Layout) -> bytes:
        """A table that no measure uses: its header and one row that says what it is."""
        columns = [*layout.table.header, *layout.reading.header] or ["headline", "figure"]
        keys = {
            column: {"level": "National", "period": layout.edition}.get(key, "England")
            for key, column in layout.keys.items()
        }
        values = [keys.get(c, f"synthetic {n}") for n, c in enumerate([*keys, *columns], 1)]
        rows: list[Row] = [(*keys, *columns), tuple(values)]
        return csv_bytes(rows, marks=layout.marks)

    # -- presentation sheets -------------------------------------------------

    def sheet(self, layout: Layout, release: Release) -> list[Row]:
        """A presentation sheet: titles, header rows with merged cells, places by name, footnotes."""
        source, table, edition = layout.passport.source, layout.table.table, layout.edition
        header_rows = layout.reading.header_rows or layout.table.header_rows or [1]
        year = release.edition_year
        cells = self.meanings.of(source, table, edition)
        columns: list[tuple[list[str], Meaning | Share | None]] = []
        for (_, name), meaning in cells.items():
            duplicate = _DUPLICATE.search(name)
            name = name[: duplicate.start()] if duplicate else name
            parts = name.split(" | ")
            if duplicate:
                columns.append((parts, None))
            columns.append((parts, meaning))
        columns += [([c], None) for c in layout.extra_columns]
        # Shallow headers first: what is merged above reaches to the right, and must not reach over them.
        columns.sort(key=lambda c: len(c[0]))
        order = _positions(layout.keys)
        width = len(order)
        lines = self.lines(layout, release, [year])
        rows: list[Sequence[str | int | float]] = [[] for _ in range(header_rows[-1])]
        rows[0] = [f"{layout.sheet}: {layout.table.description} SYNTHETIC: no figure here is real."]
        rows[1] = [layout.title or f"Year ending 31 March {year}"]
        if len(rows) > 3 and 3 not in header_rows:
            rows[2] = ["Coverage: England"]
        for depth, r in enumerate(header_rows):
            rows[r - 1] = [""] * width + [parts[depth] if depth < len(parts) else "" for parts, _ in columns]
        numbers = self._numbers_of(lines, release)
        texts = [self.column(m, " ".join(parts), layout, release, year) for parts, m in columns]
        for x, i in zip(lines, numbers, strict=True):
            values = self._values(order, x, layout, release, year, 0)
            if x in AREAS:
                values = ["" if k != "la_name" else v for k, v in zip(order, values, strict=True)]
            rows.append([*values, *(_number(t[i]) for t in texts)])
        rows.append([])
        rows.append(["1. Figures from 1 to 5 and figures that would disclose them are shown as x."])
        rows.append(["2. All figures are invented by a seeded generator."])
        return [tuple(r) for r in rows]


def _positions(keys: dict[str, str]) -> list[str]:
    """Which key is in each of the first columns, where a passport gives positions (``#1``); blank: none."""
    at = {int(v[1:]): k for k, v in keys.items() if v.startswith("#")}
    return [at.get(i, "") for i in range(1, max(at, default=0) + 1)]


def _of(cells: dict[Cell, Meaning | Share | None], combination: str, column: str) -> Meaning | Share | None:
    found = cells.get((combination, column))
    if found is None:
        found = next((m for (f, c), m in cells.items() if f == combination and label(c) == label(column)), None)
    return found


def _category(table: str) -> str:
    return "Child Protection Plans" if table.startswith("d") else "Children in Need"


def _number(text: str) -> str | int | float:
    try:
        value = float(text)
    except ValueError:
        return text
    return int(value) if value.is_integer() else value
