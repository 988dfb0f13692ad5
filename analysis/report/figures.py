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
    found = published.con.execute(_SQL).fetchall()
    for measure_id, rows in groupby(found, key=itemgetter(0)):
        yield measure_id, f"CSW.add('{measure_id}',\"{pack(_measure([*rows]))}\");\n"


def _measure(rows: list[tuple[Any, ...]]) -> dict[str, Any]:
    """What a script holds, from the rows of its measure; their columns are those of :data:`_SQL`."""
    years = sorted({r[2] for r in rows})
    at = {year: i for i, year in enumerate(years)}
    england: list[Any] = [None] * len(years)
    middle: list[Any] = [None] * len(years)
    counted: list[int] = [0] * len(years)
    regions: dict[str, list[Any]] = {}
    authorities: dict[str, dict[str, Any]] = {}
    for code, series in groupby(rows, key=itemgetter(1)):
        value, near, rank = ([cast(Any, None)] * len(years) for _ in range(3))
        status, quartile, among = ([NOTHING] * len(years) for _ in range(3))
        marks: dict[str, list[int]] = {}
        for (
            _, _, year, figure, how, is_secondary, is_joint, region, neighbours, in_england, quarter, among_them,
            england_value, england_median, region_median, authorities_in_england,
        ) in series:  # fmt: skip
            i = at[year]
            value[i], status[i] = figure, LETTERS[how]
            near[i], rank[i] = neighbours, in_england
            quartile[i] = str(quarter or NOTHING)
            among[i] = str(among_them or NOTHING)
            if figure is not None:
                if is_joint:
                    marks.setdefault("joint_return", []).append(year)
                if is_secondary:
                    marks.setdefault("secondary", []).append(year)
            england[i], middle[i] = england_value, england_median
            counted[i] = authorities_in_england
            regions.setdefault(region, [None] * len(years))[i] = region_median
        authorities[code] = {
            "v": _short(value), "s": "".join(status), "n": _short(near), "r": rank, "q": "".join(quartile),
            "k": "".join(among), **marks,
        }  # fmt: skip
    return {
        "years": years, "england": _short(england), "median": _short(middle), "counted": counted,
        "regions": {region: _short(medians) for region, medians in regions.items()}, "la": authorities,
    }  # fmt: skip


def _short(values: list[float | None]) -> list[float | int | None]:
    """Figures to four decimals, whole ones without any."""
    rounded = (None if v is None else round(v, 4) for v in values)
    return [int(v) if v is not None and v == int(v) else v for v in rounded]


def _json(what: Any) -> str:
    return json.dumps(what, ensure_ascii=False, separators=(",", ":"), sort_keys=False)
