"""Figures as one edition prints them: its population estimates, what it still has wrong, what it withholds.

A *line* is a row of a return: an authority, or a region, or England. Arrays run over all lines: first the
authorities in the order of :class:`~flows.sample.places.Places`, then :data:`AREAS`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from flows.sample.meaning import Meaning, Share
from flows.sample.places import ENGLAND, FIRST_YEAR, LAST_YEAR, REGIONS, YEARS
from flows.sample.quantities import MEASURES
from flows.sample.world import World

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray

#: Lines above authorities.
AREAS = (ENGLAND, *REGIONS)
#: Counts from 1 to this are withheld.
LARGEST_WITHHELD = 5

#: Two authorities with one workforce return, and the first reporting year of it.
JOINT_RETURNS = (("314", "318", 2015), ("940", "941", 2022))

#: symbol set → (withheld, not available, not applicable)
SYMBOLS: dict[str, tuple[str, str, str]] = {
    "sfr": ("x", "..", "."),
    "cla_2019": ("x", "..", "."),
    "outcomes_2018": ("x", "NULL", "."),
    "ees": ("c", "x", "z"),
    "lait": ("-", "-", "-"),
}


@dataclass(frozen=True)
class Revision:
    """A figure that editions up to one got wrong: they print the true count plus ``delta``."""

    name: str
    la_code: str
    year: int
    through_edition: int
    delta: int


@dataclass(frozen=True)
class Gap:
    """Figures that an edition does not have: ``names`` are prefixes of counts, by source."""

    source: str
    names: tuple[str, ...]
    la_code: str
    year: int
    symbol: str = ""


@dataclass(frozen=True)
class Figures:
    """One column of a return before it is printed: numerator over denominator on every line."""

    numerator: Array
    denominator: Array | None
    per: int
    decimals: int
    name: str
    is_average: bool = False

    @cached_property
    def value(self) -> Array:
        """What is printed, unrounded; NaN where there is nothing."""
        import numpy as np

        if self.denominator is None:
            return self.numerator
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(self.denominator > 0, self.per * self.numerator / self.denominator, np.nan)


@dataclass
class Release:
    """One edition of one publication."""

    world: World
    source: str
    edition: str
    symbols: str
    revisions: tuple[Revision, ...] = ()
    gaps: tuple[Gap, ...] = ()
    whole_percentages: bool = False
    _counts: dict[tuple[str, int], Array] = field(default_factory=dict)

    @property
    def edition_year(self) -> int:
        """The year in an edition's name."""
        return int(self.edition[:4])

    @cached_property
    def membership(self) -> Array:
        """``[area, authority]``: who belongs to England and each region."""
        import numpy as np

        rows = []
        for area in AREAS:
            rows.append([area in (ENGLAND, a.region, a.sub_region) for a in self.world.places.authorities])
        return np.array(rows, dtype=float)

    def count(self, name: str, year: int) -> Array:
        """Counts by authority as this edition has them; NaN where there was no such authority."""
        import numpy as np

        key = (name, year)
        if key in self._counts:
            return self._counts[key]
        out: Array
        if "+" in name:
            first, second = name.split("+")
            out = self.count(first, year) + self.count(second, year)
        elif not FIRST_YEAR <= year <= LAST_YEAR:
            out = np.full(len(self.world.places.codes), np.nan)
        elif name == "children":
            out = self.population(year)
        else:
            out = self.world.at(name, year).copy()
            for r in self.revisions:
                if r.name == name and r.year == year and self.edition_year <= r.through_edition:
                    out[self.world.places.row_of[r.la_code]] += r.delta
        self._counts[key] = out
        return out

    def population(self, year: int) -> Array:
        """Children aged 0-17 at the middle of the year before, as this edition's estimates have it."""
        import numpy as np

        if self.source == "dfe_cin" and self.edition == "2022" and year == 2022:
            year = 2021  # that release had no estimates for mid-2021 yet
        column = year - YEARS[0]
        assert self.world.weights is not None
        assert self.world.rebasing is not None
        out = self.world.weights[:, column]
        if self.edition_year >= 2023:
            out = out * self.world.rebasing[:, column]
        return np.round(out, -2) if self.edition_year <= 2012 else np.round(out)

    def figures(self, meaning: Meaning | Share, year: int) -> Figures:
        """A column of figures for a row's year."""
        import numpy as np

        if isinstance(meaning, Share):
            name, values = self._share(meaning, year)
            return Figures(self.with_areas(values, year), None, 1, 0, name)
        year = meaning.year if meaning.year is not None else year + meaning.year_shift
        q = MEASURES[meaning.measure_id]
        if meaning.component == "denominator" or (meaning.component == "numerator" and not q.is_average):
            name = q.denominator if meaning.component == "denominator" else q.numerator
            return Figures(self.with_areas(self.count(name, year), year), None, 1, 0, name)
        if q.is_average:
            over = self.count(q.denominator, year)
            total = self.count(q.numerator, year) * over
            if meaning.component == "numerator":
                return Figures(self.with_areas(np.round(total, q.decimals), year), None, 1, q.decimals, q.numerator)
            return Figures(self.with_areas(total, year), self.with_areas(over, year), 1, q.decimals, q.numerator, True)
        numerator = self.with_areas(self.count(q.numerator, year), year)
        if not q.denominator:
            return Figures(numerator, None, q.per, q.decimals, q.numerator)
        denominator = self.with_areas(self.count(q.denominator, year), year)
        decimals = 0 if self.whole_percentages and q.per > 1 else q.decimals
        return Figures(numerator, denominator, q.per, decimals, q.numerator)

    def _share(self, share: Share, year: int) -> tuple[str, Array]:
        import numpy as np

        def of(m: Meaning) -> tuple[str, Array]:
            q = MEASURES[m.measure_id]
            name = q.denominator if m.component == "denominator" else q.numerator
            return name, self.count(name, m.year if m.year is not None else year + m.year_shift)

        name, total = of(share.whole)
        for meaning, factor in share.known:
            total = total - factor * of(meaning)[1]
        total = np.maximum(total * share.sign, 0)
        weights = [0.5**i for i in range(share.of)]
        parts = [np.floor(total * w / sum(weights)) for w in weights[1:]]
        values = [total - np.sum(parts, axis=0) if parts else total, *parts]
        return name, np.asarray(values[share.index])

    def with_areas(self, values: Array, year: int) -> Array:
        """Authorities' numbers and below them their sums; two with one return stand together under the first."""
        import numpy as np

        if self.source == "dfe_workforce":
            values = values.copy()
            for first, second, since in JOINT_RETURNS:
                i, j = (self.world.places.row_of[c] for c in (first, second))
                if year >= since and values[j] == values[j]:
                    values[i] += values[j]
                    values[j] = np.nan
        return np.concatenate([values, self.membership @ np.nan_to_num(values)])

    def printed(self, figures: Figures, year: int, *, thousands: bool = False) -> list[str]:
        """The column's text on every line: rounded, withheld or marked."""
        import numpy as np

        n = len(self.world.places.codes)
        withheld, unavailable, inapplicable = SYMBOLS[self.symbols]
        value = figures.value.copy()
        if figures.denominator is None and not figures.decimals and figures.name != "children":
            value[n:] = np.round(value[n:], -1)  # regions and England to the nearest ten
        form = f"{{:{',' if thousands else ''}.{figures.decimals}f}}"
        out = [inapplicable if v != v else form.format(v) for v in value.tolist()]
        if figures.name != "children":
            small = _small(figures.numerator) if not figures.is_average else np.zeros(len(value), dtype=bool)
            if figures.denominator is not None:
                if figures.name in ("agency", "vacancy", "turnover", "absence", "caseload"):
                    limit = 0
                else:
                    limit = 2 * LARGEST_WITHHELD if figures.is_average else LARGEST_WITHHELD
                small |= (figures.denominator > 0) & (figures.denominator <= limit)
            elif figures.decimals:
                small[:] = False
            for i in np.flatnonzero(small[:n]).tolist():
                out[i] = withheld
        for gap in self.gaps:
            if gap.source == self.source and gap.year == year and figures.name.startswith(gap.names):
                out[self.world.places.row_of[gap.la_code]] = gap.symbol or unavailable
        return out


def _small(values: Array) -> Array:
    import numpy as np

    return np.asarray((values > 0) & (values <= LARGEST_WITHHELD))
