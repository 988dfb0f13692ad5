"""A CSV of EES as the public API sees it: filters with their options, indicators, places and time periods."""

from __future__ import annotations

import csv
import hashlib
import io
import itertools
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

#: Geographic level → its code in the API, and the columns of code, old code and name.
LEVELS = {
    "National": ("NAT", "country_code", "", "country_name"),
    "Regional": ("REG", "region_code", "", "region_name"),
    "Local authority": ("LA", "new_la_code", "old_la_code", "la_name"),
    "Local authority district": ("LAD", "lad_code", "", "lad_name"),
}
LABELS = {code: label for label, (code, *_) in LEVELS.items()}
#: Time identifier → its code in the API.
TIMES = {"Reporting year": "RY", "Calendar year": "CY", "Academic year": "AY", "Financial year": "FY"}
STANDARD = {"time_period", "time_identifier", "geographic_level"} | {c for _, *cs in LEVELS.values() for c in cs if c}
#: Of these every file of the standard has each one; one without them is no data set of the API.
NEEDED = {"time_period", "time_identifier", "geographic_level"}
SYMBOLS = {"", "z", "x", "c", "k", "u", "low", "~", ":", "..", "-", "*", "N/A"}
#: A file of a million rows is described by its first ones.
MOST_READ = 50_000
ALPHABET = "abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ0123456789"


def sqid(*parts: str) -> str:
    """A short id of the API: the same for the same things."""
    number = int.from_bytes(hashlib.sha256("/".join(parts).encode()).digest()[:8], "big")
    out = ""
    for _ in range(5):
        number, at = divmod(number, len(ALPHABET))
        out += ALPHABET[at]
    return out


def is_figure(text: str) -> bool:
    """Whether a cell is a number or stands for one."""
    return text in SYMBOLS or re.fullmatch(r"-?[\d,]*\.?\d+", text) is not None


def api_period(text: str) -> str:
    """``202324`` as the API writes it."""
    return f"{text[:4]}/{text[:2]}{text[4:]}" if len(text) == 6 else text


def period_label(text: str) -> str:
    """``202324`` as people read it."""
    return f"{text[:4]}/{text[4:]}" if len(text) == 6 else text


@dataclass(frozen=True)
class Row:
    """One row as a query gives it: ids in place of words."""

    number: int
    level: str
    time: tuple[str, str]
    """Code and period, as the file writes it."""
    places: dict[str, str]
    filters: dict[str, str]
    values: dict[str, str]


class Table:
    """A file of a data set.

    Args:
        data_set: its id, in which the short ids have their meaning.
        data: the file.
    """

    def __init__(self, data_set: str, data: bytes) -> None:
        self.data_set, self.data = data_set, data
        rows = self._read()
        self.header = next(rows, [])
        self.is_standard = set(self.header) >= NEEDED
        self.number_of_rows = max(data.count(b"\n") - 1, 0)
        self.preview = list(itertools.islice(rows, 5))
        if self.is_standard:
            self._describe()
            self.is_standard = bool(self.times)

    def _read(self) -> Iterator[list[str]]:
        text = io.TextIOWrapper(io.BytesIO(self.data), encoding="utf-8-sig", errors="replace", newline="")
        return itertools.islice(csv.reader(text), MOST_READ)

    def _rows(self) -> Iterator[dict[str, str]]:
        rows = self._read()
        next(rows, None)
        return (dict(zip(self.header, r, strict=False)) for r in rows)

    def _describe(self) -> None:
        seen: dict[str, Counter[str]] = {n: Counter() for n in self.header if n and n not in STANDARD}
        self.levels: list[str] = []
        self.places: dict[str, dict[str, dict[str, str]]] = {}
        times = set()
        for row in self._rows():
            for name, values in seen.items():
                values[row.get(name, "")] += 1
            if row["geographic_level"] not in LEVELS:
                continue
            times.add((TIMES.get(row["time_identifier"], "RY"), row["time_period"]))
            level = LEVELS[row["geographic_level"]][0]
            place = self.place(level, row)
            self.places.setdefault(level, {})[place["id"]] = place
        self.levels = sorted(self.places)
        self.times = sorted(times)
        figures = {n for n, values in seen.items() if all(is_figure(v) for v in values)}
        self.indicators = {
            sqid(self.data_set, "indicator", n): self._indicator(n, seen[n]) for n in seen if n in figures
        }
        self.filters = {sqid(self.data_set, "filter", n): n for n in seen if n not in figures}
        self.options = {
            fid: {sqid(self.data_set, "option", n, label): label for label in sorted(seen[n])}
            for fid, n in self.filters.items()
        }

    def place(self, level: str, row: dict[str, str]) -> dict[str, str]:
        """The place of a row at one level, as the API describes it."""
        _, code, old, name = LEVELS[LABELS[level]]
        said = {"label": row.get(name, ""), "code": row.get(code, "")}
        if old:
            said["oldCode"] = row.get(old, "")
        # The codes make the place; its name may change.
        return {"id": sqid(self.data_set, level, said["code"], said.get("oldCode", "")), **said}

    def _indicator(self, name: str, values: Counter[str]) -> dict[str, Any]:
        decimals = max((len(v.partition(".")[2]) for v in values if v not in SYMBOLS), default=0)
        return {
            "id": sqid(self.data_set, "indicator", name),
            "column": name,
            "label": label_of(name),
            "unit": "%" if name.endswith(("percent", "percentage", "%")) else "",
            "decimalPlaces": decimals,
        }

    @cached_property
    def rows(self) -> list[Row]:
        """All rows with ids in place of words."""
        out = []
        column = {n: fid for fid, n in self.filters.items()}
        for number, row in enumerate(self._rows()):
            if row["geographic_level"] not in LEVELS:
                continue
            level = LEVELS[row["geographic_level"]][0]
            above = [code for code, c, *_ in LEVELS.values() if row.get(c) and code in {*self.places, level}]
            out.append(
                Row(
                    number,
                    level,
                    (TIMES.get(row["time_identifier"], "RY"), row["time_period"]),
                    {at: self.place(at, row)["id"] for at in above},
                    {fid: sqid(self.data_set, "option", n, row.get(n, "")) for n, fid in column.items()},
                    {iid: row.get(i["column"], "") for iid, i in self.indicators.items()},
                )
            )
        return out

    # --- as the API tells it ---------------------------------------------------------------------------------------

    def summary(self) -> dict[str, Any]:
        """What the data set covers, in words."""
        return {
            "totalResults": self.number_of_rows,
            "timePeriods": {"start": period_label(self.times[0][1]), "end": period_label(self.times[-1][1])},
            "geographicLevels": [LABELS[code] for code in self.levels],
            "filters": [label_of(n) for n in self.filters.values()],
            "indicators": [i["label"] for i in self.indicators.values()],
        }

    def filter_state(self, fid: str) -> dict[str, str]:
        """A filter without its options."""
        name = self.filters[fid]
        return {"id": fid, "column": name, "label": label_of(name), "hint": ""}

    def meta(self, types: set[str]) -> dict[str, Any]:
        """Ids and labels of everything that a query may name; of what was not asked for, none."""
        filters = [
            {**self.filter_state(fid), "options": [{"id": o, "label": label} for o, label in found.items()]}
            for fid, found in self.options.items()
        ]
        groups: list[dict[str, Any]] = [
            {"level": level_state(code), "options": sorted(options.values(), key=lambda p: p["label"])}
            for code, options in sorted(self.places.items())
        ]
        return {
            "filters": filters if "Filters" in types else [],
            "indicators": list(self.indicators.values()) if "Indicators" in types else [],
            "geographicLevels": [level_state(code) for code in self.levels] if "Locations" in types else [],
            "locations": groups if "Locations" in types else [],
            "timePeriods": [time_state(t) for t in self.times] if "TimePeriods" in types else [],
        }


@lru_cache(maxsize=512)
def table_of(data_set: str, data: bytes) -> Table:
    """A file of a data set, read once for the worlds of a process that serve the same bytes; nobody changes it."""
    return Table(data_set, data)


def label_of(column: str) -> str:
    """A label such as publishers give a column."""
    return re.sub(r"_+", " ", column).strip().capitalize()


def level_state(code: str) -> dict[str, str]:
    """A geographic level."""
    return {"code": code, "label": LABELS[code]}


def time_state(time: tuple[str, str]) -> dict[str, str]:
    """A time period."""
    code, period = time
    return {"code": code, "period": api_period(period), "label": period_label(period)}
