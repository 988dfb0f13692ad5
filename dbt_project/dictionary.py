"""The dictionary of fields: writes what a column means beside every column of the marts, from two places.

``seeds/measure.csv`` describes the columns that hold a measure, ``columns.yml`` those that several tables have; a
column of one table alone is described where it is. ``fct_la_year``, with a column per measure, is written as a
whole. What is written is committed; ``--check`` only compares, and so does a test. dbt's contracts, its docs and the
exports all read the same YAML.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import sys
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).resolve().parent
MARTS = PROJECT / "models" / "marts"
WIDE = MARTS / "core" / "_fct_la_year.yml"
#: A column is one line: name, type, description, constraints.
COLUMN = re.compile(
    r'^      - \{name: (?P<name>\w+), data_type: (?P<type>\w+)(?:, description: (?P<said>"(?:[^"\\]|\\.)*"))?'
    r"(?:, constraints: (?P<constraints>\[.*\]))?\}$"
)
MODEL = re.compile(r"^  - name: (\w+)$")
UNITS = {
    "count": "number",
    "pct": "% (0-100)",
    "per_10k": "per 10,000",
    "gbp": "pounds of the year",
    "fte": "full-time equivalents",
    "ratio": "ratio",
    "score": "score",
}
AVAILABILITY = {"published": "", "derived": " Computed here.", "absent": " In no return that is held."}


def measure_text(measure: dict[str, str]) -> str:
    """What a measure's column holds, in words: its label, unit, what it is a share of, and the date it is of."""
    unit, denominator = UNITS[measure["unit"]], measure["denominator"]
    of = {"per_10k": f" {denominator}", "pct": f" of {denominator}", "ratio": f" to {denominator}"}
    label, note = measure["label"], measure["note"]
    text = f"{label[0].upper()}{label[1:]}; {unit}{of.get(measure['unit'], '') if denominator else ''}"
    text += f", {measure['year_basis']}." + AVAILABILITY[measure["availability"]]
    return text + (f" {note[0].upper()}{note[1:]}." if note else "")


def measure_texts(seed: Path = PROJECT / "seeds" / "measure.csv") -> dict[str, str]:
    """What each measure's column holds, in the order of the seed."""
    with seed.open(newline="", encoding="utf-8") as f:
        return {row["measure_id"]: measure_text(row) for row in csv.DictReader(f)}


def described(text: str, columns: dict[str, str], own: dict[str, list[str]]) -> str:
    """A YAML file of models with the dictionary's words beside its columns.

    Raises:
        ValueError: a column is written in another way than on one line.
    """
    out, table = [], ""
    for number, line in enumerate(text.splitlines(), 1):
        if model := MODEL.match(line):
            table = model[1]
        elif column := COLUMN.match(line):
            name = column["name"]
            if name in columns and name not in own.get(table, []):
                line = _column(name, column["type"], columns[name], column["constraints"])
        elif re.match(r"^      - (\{)?name: ", line):
            raise ValueError(f"line {number}: write a column on one line: name, data_type, description, constraints")
        out.append(line)
    return "\n".join(out) + "\n"


def _column(name: str, kind: str, said: str, constraints: str | None = None) -> str:
    ends = f", constraints: {constraints}" if constraints else ""
    return f"      - {{name: {name}, data_type: {kind}, description: {json.dumps(said, ensure_ascii=False)}{ends}}}"


def wide_table(measures: dict[str, str], columns: dict[str, str]) -> str:
    """The YAML of ``fct_la_year``: its keys and a column per measure."""
    required = "[{type: not_null}]"
    lines = [
        "# Written by dbt_project/dictionary.py from seeds/measure.csv; `make dictionary` writes it again.",
        "version: 2",
        "",
        "models:",
        "  - name: fct_la_year",
        "    description: >",
        "      One row per authority in existence and reporting year, one column per measure: the reported value or",
        "      null. For the reason of a null see fct_la_year_measure.",
        "    config:",
        "      meta: {grain: [la_code, year]}",
        "    data_tests:",
        "      - unique_grain",
        "    columns:",
        _column("la_code", "varchar", columns["la_code"], required),
        _column("year", "integer", columns["year"], required),
        *(_column(name, "double", said) for name, said in measures.items()),
    ]
    return "\n".join(lines) + "\n"


def written() -> dict[Path, str]:
    """Every YAML file of the marts as the dictionary would have it."""
    about: dict[str, Any] = yaml.safe_load((PROJECT / "columns.yml").read_text(encoding="utf-8"))
    measures = measure_texts()
    columns = about["columns"] | measures
    files = {WIDE: wide_table(measures, about["columns"])}
    for path in sorted(MARTS.rglob("*.yml")):
        if path != WIDE:
            text = path.read_text(encoding="utf-8")
            try:
                files[path] = described(text, columns, about["own"])
            except ValueError as exc:
                raise ValueError(f"{path}: {exc}") from exc
    return files


def stale() -> list[Path]:
    """Files that are not as the dictionary would have them."""
    return [p for p, text in written().items() if not p.exists() or p.read_text(encoding="utf-8") != text]


def main() -> int:
    """Write the files, or with ``--check`` say which would change."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 where a file would change")
    check = parser.parse_args().check
    changed = stale()
    for path in changed:
        if not check:
            path.write_text(written()[path], encoding="utf-8")
        print(path.relative_to(PROJECT.parent), "is stale" if check else "written")
    return int(check and bool(changed))


if __name__ == "__main__":
    sys.exit(main())
