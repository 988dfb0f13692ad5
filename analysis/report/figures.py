"""The data that the compare page and the map draw: an index, and one small file per measure.

The site opens from disk, where a browser loads scripts and nothing else: so each file is a script that hands its data
over (``CSW.add``). Figures are those of ``marts.fct_la_year_benchmark``, to four decimals.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any, cast

from analysis.report import words
from analysis.report.packed import pack
from analysis.report.published import Published

#: value_status -> the letter that stands for it in a file.
LETTERS = {
    "reported": "r",
    "suppressed": "s",
    "rounds_to_zero": "z",
    "low_reliability": "l",
    "unavailable": "u",
    "not_applicable": "a",
    "not_published": "p",
    "not_reported": "n",
}
#: No authority in existence, or no row: nothing to say.
NOTHING = "-"

_SQL = """
    select
        measure_id, la_code, year, value, value_status, is_secondary, is_joint_return, region_name,
        round(neighbour_median, 4) as neighbour_median, rank_in_england, quartile_in_england,
        quartile_among_neighbours, england_value, england_median, region_median, authorities_in_england
    from marts.fct_la_year_benchmark order by measure_id, la_code, year
"""


def index(published: Published) -> str:
    """The script that says what there is: measures, authorities, neighbours, inspections."""
    newest = {m: max(held) for m, by in published.spread.items() if (held := [y for y, r in by.items() if r["n"]])}
    said = {
        "measures": {
            i: {
                "label": m["label"],
                "unit": m["unit"],
                "group": words.GROUPS.get(m["measure_group"], m["measure_group"]),
                "better": m["better_when"],
                "newest": newest[i],
                "breaks": published.breaks.get(i, {}),
                "periods": {y: p for y, p in published.periods.get(i, {}).items() if p},
            }
            for i, m in published.measures.items()
            if i in newest
        },
        "groups": [*words.GROUPS.values()],
        "authorities": {
            code: {
                "name": _name(la),
                "region": la["region_name"],
                "current": la["is_current"],
                "tile": published.tiles.get(code),
                "neighbours": [n for n in published.neighbours.get(code, []) if n in published.authorities],
                "inspections": [
                    [str(i["publication_date"]), i["overall_judgement"], words.SHORT_FRAMEWORKS[i["framework"]]]
                    for i in published.inspections.get(code, [])
                    if i["overall_judgement"] in words.GRADES
                ],
            }
            for code, la in published.authorities.items()
        },
        "grades": words.GRADES,
        "statuses": {letter: words.STATUS[status] for status, letter in LETTERS.items()},
        "short": {letter: words.SHORT.get(status, "") for status, letter in LETTERS.items()},
        "synthetic": published.is_synthetic,
    }
    return f"window.CSW={_json(said)};\n"


def _name(la: dict[str, Any]) -> str:
    return la["la_name"] if la["is_current"] else f"{la['la_name']} (to {la['valid_to'].year})"


def measures(published: Published) -> Iterator[tuple[str, str]]:
    """Measure and the script that holds its figures."""
    relation = published.con.execute(_SQL)
    names = [d[0] for d in relation.description or []]
    rows = (dict(zip(names, r, strict=True)) for r in relation.fetchall())
    for measure_id, found in groupby(rows, key=itemgetter("measure_id")):
        yield measure_id, f"CSW.add('{measure_id}',\"{pack(_measure([*found]))}\");\n"


def _measure(rows: list[dict[str, Any]]) -> dict[str, Any]:
    years = sorted({r["year"] for r in rows})
    at = {year: i for i, year in enumerate(years)}
    england: list[Any] = [None] * len(years)
    middle: list[Any] = [None] * len(years)
    counted: list[int] = [0] * len(years)
    regions: dict[str, list[Any]] = {}
    authorities: dict[str, dict[str, Any]] = {}
    for code, series in groupby(rows, key=itemgetter("la_code")):
        value, near, rank = ([cast(Any, None)] * len(years) for _ in range(3))
        status, quartile, among = ([NOTHING] * len(years) for _ in range(3))
        marks: dict[str, list[int]] = {}
        for r in series:
            i = at[r["year"]]
            value[i], status[i] = _short(r["value"]), LETTERS[r["value_status"]]
            near[i], rank[i] = _short(r["neighbour_median"]), r["rank_in_england"]
            quartile[i] = str(r["quartile_in_england"] or NOTHING)
            among[i] = str(r["quartile_among_neighbours"] or NOTHING)
            for mark in ("is_joint_return", "is_secondary"):
                if r[mark] and r["value"] is not None:
                    marks.setdefault(mark.removeprefix("is_"), []).append(r["year"])
            england[i], middle[i] = _short(r["england_value"]), _short(r["england_median"])
            counted[i] = r["authorities_in_england"]
            regions.setdefault(r["region_name"], [None] * len(years))[i] = _short(r["region_median"])
        authorities[code] = {
            "v": value, "s": "".join(status), "n": near, "r": rank, "q": "".join(quartile), "k": "".join(among), **marks
        }  # fmt: skip
    return {
        "years": years, "england": england, "median": middle, "counted": counted, "regions": regions, "la": authorities
    }  # fmt: skip


def _short(value: float | None) -> float | int | None:
    if value is None:
        return None
    value = round(value, 4)
    return int(value) if value == int(value) else value


def _json(what: Any) -> str:
    return json.dumps(what, ensure_ascii=False, separators=(",", ":"), sort_keys=False)
