"""The Local Authority Interactive Tool: one long parquet file per edition, all measures one below the other.

A secondary source: it repeats what the returns say, and goes on where they end.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from flows.sample.meaning import Meaning, Meanings
from flows.sample.places import ENGLAND, REGIONS
from flows.sample.release import AREAS, Release
from flows.sample.world import World

if TYPE_CHECKING:
    import pyarrow as pa

FIRST_YEAR = 2017
#: edition → the last year of most of its series
EDITIONS = {"2024-11": 2023, "2025-05": 2024}
#: The publisher's own numbers of areas.
_AREA_NUMBERS = {ENGLAND: 970.0, **{r: 980.0 + i for i, r in enumerate(REGIONS)}}
_AREA_NAMES = {
    "Inner London": "London (Inner)",
    "Outer London": "London (Outer)",
    "Yorkshire and The Humber": "Yorkshire and the Humber",
}


def lait_files(world: World, meanings: Meanings) -> list[tuple[str, bytes]]:
    """Path and bytes of both editions."""
    import pyarrow.parquet as pq

    out = []
    for edition, last in EDITIONS.items():
        buffer = io.BytesIO()
        pq.write_table(_table(world, meanings, edition, last), buffer, compression="zstd")
        out.append((f"dfe_lait/{edition}/bds_long.parquet", buffer.getvalue()))
    return out


def _in_units(text: str, unit: int) -> str:
    """A printed figure in the units that an edition prints; symbols stay."""
    if unit == 1 or not text.replace(".", "", 1).isdigit():
        return text
    return f"{float(text) / unit:.3f}"


def _table(world: World, meanings: Meanings, edition: str, last: int) -> pa.Table:
    import pyarrow as pa

    release = Release(world, "dfe_lait", "2025", "lait")
    places = world.places
    current = [a for a in places.authorities if a.existed_in(last)]
    n = len(places.codes)
    wanted = [places.row_of[a.code] for a in current] + [n + i for i in range(len(AREAS))]
    names = [a.name for a in current] + [_AREA_NAMES.get(x, x) for x in AREAS]
    numbers = [float(a.code) for a in current] + [_AREA_NUMBERS[x] for x in AREAS]
    regions = [a.sub_region for a in current] + ["NA" for _ in AREAS]
    series: list[str] = []
    years: list[str] = []
    values: list[str] = []
    for (combination, _), meaning in meanings.of("dfe_lait", "long", edition).items():
        if not isinstance(meaning, Meaning):
            continue
        name = combination.removeprefix("series=")
        is_money = meaning.measure_id.startswith("spend_")
        for year in range(FIRST_YEAR, last + 1):
            printed = year - meaning.year_shift
            text = f"{year - 1}-{year % 100:02d} (OT)" if is_money else str(printed)
            column = release.printed(release.figures(meaning, printed), year)
            values += [_in_units(column[i], meaning.unit) for i in wanted]
            series += [name] * len(wanted)
            years += [text] * len(wanted)
    repeats = len(values) // len(wanted)
    return pa.table(
        {
            "Short Desc": pa.array(series),
            "Data item": pa.array([None] * len(values), pa.string()),
            "Years": pa.array(years),
            "LA and Regions": pa.array(names * repeats),
            "Values": pa.array(values),
            "LA Number": pa.array(numbers * repeats, pa.float64()),
            "Region": pa.array(regions * repeats),
        }
    )
