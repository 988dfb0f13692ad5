"""Section 251 outturn, Table A1: lines that add up to their group's total, groups that add up to everything."""

from __future__ import annotations

import csv
import re
import zlib
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from flows.sample.places import FIRST_YEAR
from flows.sample.world import SPEND, World
from flows.sample.writers import Row, Sheets, ods_bytes, xls_bytes, xlsx_bytes

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray

#: Part of safeguarding that is the line "social work", and what the old group "children's safety" held of it.
SOCIAL_WORK = 0.75
OLD_SAFETY = 0.15
#: Groups of the newest editions, of which later totals are the sum.
GROUPS_NOW = (
    "early_years",
    "cla",
    "safeguarding",
    "family_support",
    "young_people",
    "youth_justice",
    "other_families",
)
_MEMORANDUM = 0.3
_PROVISION = (0.62, 0.24, 0.05)  # own, private, other public; the rest is voluntary
_INCOME = 0.08

#: edition → (file, sheet, rows above the header, header)
_NOW = (
    "OwnProvision",
    "PrivateProvision",
    "OtherPublic",
    "Voluntary",
    "TotalExpenditure",
    "Income",
    "NetCurrentExpenditure",
)
_THEN = (
    "Own Provision (y)",
    "Private (z(i))",
    "Other Public (z(ii))",
    "Voluntary (z(iii))",
    "Total Expenditure (k)",
    "Income (l)",
    "NET Current Expenditure (m)",
)
_LINE_NOW = ("LA", "LA Name", "ReportGroup", "OrderLine", "Description", "s251line", *_NOW)
FILES: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    "2009": (
        "2008-09/s251ye2009.xls",
        "Table A1",
        "S52 Outturn 2008-09 - Table A1",
        (
            "LEA Number:",
            "LA Name:",
            "S52 Line Reference:",
            "PRIVATE (x)",
            "VOLUNTARY (y)",
            "PUBLIC (z)",
            "TOTAL EXPENDITURE (k)",
            "INCOME (l)",
            "NET Current Expenditure (m)",
        ),
    ),
    "2010": (
        "2009-10/s251ye2010.xls",
        "Table A1 Detailed Report",
        "S251 Outturn 2009-10 - Table A1",
        ("LEA", "LEA Name", "Line", "S52 Line Reference", *_THEN),
    ),
    "2011": (
        "2010-11/s251ye2011.xls",
        "Table A1 Detailed Report",
        "S251 Outturn 2010-11 - Table A1",
        ("LA", "LA Name", "ReturnStatus", "Line", "S52 Line Reference", *_THEN),
    ),
    "2012": (
        "2011-12/s251ye2012.xlsx",
        "TA1_AllData_1112",
        "S251 Outturn 2011-12 - Table A1",
        ("LA", "LA Name", "LineNumber", "CYPServiceDescription", *_NOW),
    ),
    "2013": (
        "2012-13/s251ye2013.xlsx",
        "Sheet1",
        "S251 Outturn 2012-13 - Table A1",
        ("LA", "LA Name", "LineNumber", "CYPServiceDescription", "ReportGroup", *_NOW),
    ),
    "2014": (
        "2013-14/s251ye2014.ods",
        "TA1AllData",
        "",
        ("LA", "LA Name", "LineNumber", "CYPServiceDescription", "ReportGroup", *_NOW),
    ),
    "2015": ("2014-15/s251ye2015.xlsx", "Sheet1", "", _LINE_NOW),
    "2016": ("2015-16/s251ye2016.xlsx", "Table_A1", "", _LINE_NOW),
    "2017": ("2016-17/s251ye2017.xlsx", "Table_A1", "", _LINE_NOW),
    "2018": ("2017-18/S251ye2018.xlsx", "Table A1", "", _LINE_NOW),
    "2019": ("2018-19/S251ye2019.xlsx", "Table A1", "", ("ident", *_LINE_NOW)),
}


def add_totals(world: World) -> None:
    """Put the sums that later years' tools print into the world: total spend, and the line "social work"."""
    import numpy as np

    world.numbers["spend_total"] = np.sum([world.numbers[f"spend_{g}"] for g in GROUPS_NOW], axis=0)
    world.numbers["spend_social_work"] = _hundreds(world.numbers["spend_safeguarding"] * SOCIAL_WORK)


def _hundreds(pounds: Array) -> Array:
    """Whole hundreds of pounds: what every amount of the sample is."""
    import numpy as np

    return np.asarray(np.floor(pounds / 100) * 100)


def lines_of(seeds: Path) -> dict[str, list[tuple[str, str, str]]]:
    """Edition → its lines in order: name, group, and whether it is a part, a total or a memorandum."""
    out: dict[str, list[tuple[str, str, str]]] = defaultdict(list)
    with (seeds / "spend_line.csv").open(newline="", encoding="utf-8") as f:
        for r in csv.DictReader(f):
            if r["line_kind"] in {"addition", "removal"}:
                continue  # what a group means, not what is printed
            last = r["edition_to"] or "2019"
            for edition in FILES:
                if r["edition_from"] <= edition <= last:
                    out[edition].append((r["filter"].removeprefix("line="), r["spend_group"], r["line_kind"]))
    return {e: sorted(lines, key=lambda x: _order(x[0])) for e, lines in out.items()}


def _order(line: str) -> tuple[int, list[int], str]:
    numbers = re.match(r"(\d+(?:\.\d+)*)", line)
    return (0, [int(n) for n in numbers.group(1).split(".")], line) if numbers else (1, [], line)


def gross_by_line(
    world: World, edition: str, lines: list[tuple[str, str, str]], rng: np.random.Generator
) -> list[Array]:
    """Gross pounds by authority of each line of an edition."""
    import numpy as np

    column = int(edition) - FIRST_YEAR
    money = {g: np.nan_to_num(world.numbers[f"spend_{g}"][:, column]) for g in SPEND}
    is_social_work = [bool(re.search(r"social work", n, re.I)) and k == "part" for n, _, k in lines]
    social_work_group = next((g for (_, g, _), s in zip(lines, is_social_work, strict=True) if s), "")
    social_work = _hundreds(money["safeguarding"] * SOCIAL_WORK)
    if social_work_group != "safeguarding":
        social_work = _hundreds(money["safeguarding"] * (1 - OLD_SAFETY))
        money["safeguarding"] = money["safeguarding"] - social_work
        money[social_work_group] = money.get(social_work_group, 0) + social_work
    out: list[Array] = [np.zeros(len(world.places.codes))] * len(lines)
    for group in sorted({g for _, g, k in lines if k == "part"}):
        left = money[group].copy()
        mine = [i for i, (_, g, k) in enumerate(lines) if g == group and k == "part"]
        for i in [i for i in mine if is_social_work[i]]:
            out[i] = social_work
            left = left - social_work
            mine.remove(i)
        weights = np.array([0.2 + zlib.crc32(lines[i][0].encode()) % 100 / 50 for i in mine])
        shares = weights * rng.uniform(0.6, 1.4, (len(left), len(mine)))
        shares /= shares.sum(axis=1, keepdims=True) if mine else 1
        remaining = left.copy()
        for j, i in enumerate(mine[:-1]):
            out[i] = _hundreds(left * shares[:, j])
            remaining = remaining - out[i]
        if mine:
            out[mine[-1]] = remaining
    for i, (_, group, kind) in enumerate(lines):
        if kind == "memorandum":
            out[i] = _hundreds(money[group] * _MEMORANDUM / 3)
    return _with_totals(lines, out)


def _with_totals(lines: list[tuple[str, str, str]], amounts: list[Array]) -> list[Array]:
    """The lines, each total now the sum of its parts."""
    import numpy as np

    nothing = np.zeros_like(amounts[0])
    parts: dict[str, Array] = {}
    for (_, group, kind), amount in zip(lines, amounts, strict=True):
        if kind == "part":
            parts[group] = parts.get(group, nothing) + amount
    everything = np.sum([v for g, v in parts.items() if g != "cera"], axis=0)
    totals = {**parts, "all": everything, "all_including_cera": everything + parts.get("cera", nothing)}
    return [totals.get(g, nothing) if k == "total" else x for (_, g, k), x in zip(lines, amounts, strict=True)]


def spend_files(world: World, seeds: Path) -> list[tuple[str, bytes]]:
    """Path and bytes of every edition's workbook."""
    import numpy as np

    rng = np.random.default_rng([world.seed, 251])
    out = []
    for edition, lines in lines_of(seeds).items():
        file, sheet, title, header = FILES[edition]
        gross = gross_by_line(world, edition, lines, rng)
        sheets = [(sheet, _rows(world, edition, lines, gross, title, header))]
        out.append((f"dfe_s251_outturn/{file}", _bytes(file, sheets)))
    return out


def _bytes(file: str, sheets: Sheets) -> bytes:
    write = {"xls": xls_bytes, "xlsx": xlsx_bytes, "ods": ods_bytes}[file.rsplit(".", 1)[1]]
    return write(sheets)


def _rows(
    world: World,
    edition: str,
    lines: list[tuple[str, str, str]],
    gross: list[Array],
    title: str,
    header: tuple[str, ...],
) -> list[Row]:
    """The sheet: title rows where the edition has them, header, one row per authority and line."""
    rows: list[Row] = []
    if title:
        rows = [(title,), ("Synthetic: cash terms figures invented by a seeded generator.",), ()]
    rows.append(header)
    own, private, public = ([_hundreds(g * p) for g in gross] for p in _PROVISION)
    income = [_hundreds(g * _INCOME) for g in gross]
    columns = [
        [[int(v) for v in x.tolist()] for x in _with_totals(lines, part)]
        for part in (own, private, public, gross, income)
    ]
    is_oldest = edition == "2009"
    for a in world.places.authorities_of(int(edition)):
        i = world.places.row_of[a.code]
        name = a.name.ljust(len(a.name) + 2) if is_oldest else a.name
        if edition == "2019" and a.code in ("835", "836", "837"):
            name = f"{a.name} (Pre LGR)"
        for n, (line, group, _) in enumerate(lines, 1):
            mine, bought, others, total, earned = (column[n - 1][i] for column in columns)
            voluntary = total - mine - bought - others
            money: tuple[int, ...] = (mine, bought, others, voluntary, total, earned, total - earned)
            if is_oldest:
                money = (mine + bought, voluntary, others, total, earned, total - earned)
            number = line.split(" ", 1)[0].rstrip(".")
            front: dict[str, str | int] = {
                "ident": 1,
                "LA": int(a.code),
                "LEA": int(a.code),
                "LEA Number:": int(a.code),
                "LA Name": name,
                "LA Name:": name,
                "LEA Name": name,
                "ReturnStatus": "Submitted",
                "Line": n,
                "LineNumber": n,
                "OrderLine": n,
                "ReportGroup": group.replace("_", " ").upper(),
                "s251line": number,
            }
            rows.append((*(front.get(h, line) for h in header[: len(header) - len(money)]), *money))
    return rows
