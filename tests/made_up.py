"""Small files in publishers' shapes, with made-up figures."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

GEOGRAPHY = (
    "time_period",
    "time_identifier",
    "geographic_level",
    "country_code",
    "country_name",
    "region_code",
    "region_name",
    "old_la_code",
    "new_la_code",
    "la_name",
)
#: a few authorities: DfE code, ONS code, name
AUTHORITIES = (
    ("805", "E06000001", "Hartlepool"),
    ("330", "E08000025", "Birmingham"),
    ("886", "E10000016", "Kent"),
    ("921", "E06000046", "Isle of Wight"),
)
B1 = (
    "category",
    "Anypoint_episodes",
    "Anypoint_episodes_rate",
    "Anypoint_child",
    "Anypoint_child_rate",
    "Started_episodes",
    "Started_episodes_rate",
    "Started_child",
    "Started_child_rate",
    "Ended_episodes",
    "Ended_episodes_rate",
    "Ended_child",
    "Ended_child_rate",
    "At31_episodes",
    "At31_episodes_rate",
    "Awaiting_assessment",
    "Awaiting_assessment_rate",
)
B1_NAME = "b1_children_in_need_2013_to_2022.csv"


def b1(
    years: tuple[int, ...] = (2021, 2022),
    header: tuple[str, ...] = B1,
    figure: Callable[[str, int, str], str] = lambda code, year, column: "100" if "rate" not in column else "250.5",
) -> bytes:
    """A children-in-need table b1: England and a few authorities, two years."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([*GEOGRAPHY, *header])
    for year in years:
        writer.writerow(
            [year, "Reporting year", "National", "E92000001", "England", "", "", "", "", "", "Children in Need"]
            + [figure("", year, c) for c in header[1:]]
        )
        for code, ons, name in AUTHORITIES:
            writer.writerow(
                [year, "Reporting year", "Local authority", "E92000001", "England", "E12000001", "North East"]
                + [code, ons, name, "Children in Need"]
                + [figure(code, year, c) for c in header[1:]]
            )
    return buffer.getvalue().encode()


def put(folder: Path, name: str, data: bytes) -> Path:
    """Write a file into a folder of returns."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path
