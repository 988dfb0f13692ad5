"""A second run, an amendment, what was known then, a failed check, a kill: what is published stays whole."""

from __future__ import annotations

import csv
import hashlib
import io
from pathlib import Path

import duckdb
import pytest

from tests.installation import Installation

B1 = "b1_children_in_need_2013_to_2024.csv"


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def amended(published: Installation, folder: Path, change: dict[tuple[str, str, str], str]) -> Path:
    """A copy of b1 2024 with some cells changed: (la_code, year, column) → text."""
    original = next(published.returns.rglob(B1))
    raw = original.read_bytes()
    bom = raw[:3] if raw.startswith(b"\xef\xbb\xbf") else b""
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline="")))
    head = rows[0]
    code, period = head.index("old_la_code"), head.index("time_period")
    for row in rows[1:]:
        for (la, year, column), text in change.items():
            if row[code] == la and row[period] == year:
                row[head.index(column)] = text
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows(rows)
    path = folder / B1
    path.write_bytes(bom + out.getvalue().encode())
    return path


def value(installation: Installation, la: str, year: int, measure: str, database: Path | None = None) -> object:
    with duckdb.connect(str(database or installation.settings.published), read_only=True) as con:
        row = con.execute(
            "select value from marts.fct_la_year_measure where la_code = ? and year = ? and measure_id = ?",
            [la, year, measure],
        ).fetchone()
        assert row is not None
        return row[0]


def test_nothing_new_touches_nothing(copied: Installation) -> None:
    before = digest(copied.settings.published)
    done = copied.csw("run", "--returns", str(copied.returns))
    assert done.returncode == 0, done.stderr
    assert "Nothing new" in done.stdout
    assert digest(copied.settings.published) == before


@pytest.mark.slow
def test_as_of_brings_back_what_was_known_and_repeats_itself(copied: Installation) -> None:
    cell = next(c for c in copied.truth.revised if len(set(c.by_edition.values())) > 1 and "2022" in c.by_edition)
    before = digest(copied.settings.published)
    made = []
    for _ in range(2):
        done = copied.csw("run", "--returns", str(copied.returns), "--as-of", "2023-06-30")
        assert done.returncode == 0, done.stdout + done.stderr
        database = copied.settings.warehouse / "as_of_2023-06-30.duckdb"
        assert value(copied, cell.la_code, cell.year, cell.measure_id, database) == cell.by_edition["2022"]
        with duckdb.connect(str(database), read_only=True) as con:
            tables = [
                r[0]
                for r in con.execute(
                    "select table_name from duckdb_tables() where schema_name = 'marts' order by 1"
                ).fetchall()
            ]
            made.append(
                {
                    t: con.execute(
                        f"select md5(string_agg(x::varchar, chr(10) order by x::varchar)) from marts.{t} as x"
                    ).fetchone()
                    for t in tables
                }
            )
        assert "usual month" in done.stdout
    assert made[0] == made[1]
    assert digest(copied.settings.published) == before


def figures(installation: Installation) -> tuple[int, float]:
    """How many figures of authorities are published, and their sum."""
    with duckdb.connect(str(installation.settings.published), read_only=True) as con:
        ((n, total),) = con.sql("select count(value), round(sum(value), 3) from marts.fct_la_year_measure").fetchall()
    return int(n), float(total)


def test_an_unknown_symbol_is_withheld_with_its_rows_and_the_rest_stands(copied: Installation, tmp_path: Path) -> None:
    before = digest(copied.settings.published)
    changed = amended(copied, tmp_path, {("886", "2024", "At31_episodes"): "?!"})
    done = copied.run(changed)
    assert done.returncode == 1
    said = done.stdout + done.stderr
    for words in (B1, "At31_episodes", "?!", "row "):
        assert words in said, said
    assert digest(copied.settings.published) == before


@pytest.mark.slow
def test_an_unknown_authority_holds_its_table_back_and_is_named(copied: Installation, tmp_path: Path) -> None:
    before = figures(copied)
    changed = amended(copied, tmp_path, {("886", "2024", "old_la_code"): "777", ("886", "2024", "la_name"): "Atlantis"})
    text = changed.read_text(encoding="utf-8-sig")
    changed.write_text(text.replace(",886,E10000016,Kent,", ",777,E06999999,Atlantis,"), encoding="utf-8")
    done = copied.run(changed)
    assert done.returncode == 1
    said = done.stdout + done.stderr
    assert "Atlantis" in said, said
    assert figures(copied) == before
