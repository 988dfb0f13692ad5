"""A refresh builds only what a changed publication reaches: the same warehouse as a build of everything."""

from __future__ import annotations

import csv
from collections.abc import Collection
from pathlib import Path

import duckdb
import pytest

from flows.common.settings import Settings
from flows.warehouse.dbt import Dbt
from flows.warehouse.refresh import refresh_of
from tests.end_to_end.conftest import Refreshed
from tests.installation import Installation

#: Results are of the studies, which a build does not run; of the file, how and when it was built.
APART = {"results", "meta"}
#: What a build made again is no figure.
OF_THE_BUILD = "intermediate.int_measures__changed_measure"


def differing(published: Path, built: Path) -> list[str]:
    """Tables of a build whose rows are not the same, in whatever order, in a published warehouse."""
    with duckdb.connect() as con:
        con.execute(f"attach '{published}' as published (read_only)")
        con.execute(f"attach '{built}' as built (read_only)")
        tables = {
            name: con.execute(
                "select schema_name || '.' || table_name from duckdb_tables() where database_name = ?", [name]
            ).fetchall()
            for name in ("published", "built")
        }
        found = {name: {t for (t,) in of} for name, of in tables.items()}
        # What a study adds to its schema is no model.
        assert {t.split(".")[0] for t in found["published"] - found["built"]} <= {*APART, "studies"}
        unlike = []
        for table in sorted(t for t in found["built"] - {OF_THE_BUILD} if t.split(".")[0] not in APART):
            # Sums of hashes count each row as often as it is there.
            sums = [
                con.execute(f"select count(*), sum(cast(hash(t) as hugeint)) from {name}.{table} as t").fetchall()
                for name in ("published", "built")
            ]
            if sums[0] != sums[1]:
                unlike.append(table)
    return unlike


def landed_without(settings: Settings, folder: Path, editions: Collection[tuple[str, str]]) -> None:
    """What is landed, as if some editions had not arrived: their rows are in the tables, and no list names them."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in settings.landing.iterdir():
        target = folder / path.name
        target.unlink(missing_ok=True)
        if path.name not in {"catalogue.csv", "units.csv"}:
            target.symlink_to(path)
            continue
        with path.open(newline="", encoding="utf-8") as f, target.open("w", newline="", encoding="utf-8") as out:
            rows = csv.DictReader(f)
            writer = csv.DictWriter(out, list(rows.fieldnames or []), lineterminator="\n")
            writer.writeheader()
            writer.writerows(r for r in rows if (r["source"], r["edition"]) not in editions)


@pytest.mark.slow
def test_publication_by_publication_makes_what_is_built_at_once(published: Installation, tmp_path: Path) -> None:
    """Built without the newest edition of every return of figures, and then refreshed with one after the other: first
    those that change every measure, so that what the later ones miss stays missing."""
    was, settings = published.settings, Settings(data=tmp_path / "data")
    with (was.landing / "catalogue.csv").open(newline="", encoding="utf-8") as f:
        listed = [(r["source"], r["edition"]) for r in csv.DictReader(f)]
    sources = [s for s in dict.fromkeys(s for s, _ in listed) if refresh_of(was, [s]).changed_publications]
    assert len(sources) >= 5
    sources.sort(key=lambda s: (s != "dfe_cla", s != "dfe_cin", s))
    missing = {s: max(e for source, e in listed if source == s) for s in sources}
    landed_without(was, settings.landing, missing.items())
    with Dbt(settings, settings.next) as dbt:
        assert dbt.build().success
    assert len(differing(was.published, settings.next)) > 30
    while missing:
        source = next(iter(missing))
        del missing[source]
        landed_without(was, settings.landing, missing.items())
        with Dbt(settings, settings.next) as dbt:
            done = dbt.build(refresh_of(was, [source]))
        assert done.success, (source, done.failed)
    assert differing(was.published, settings.next) == []


@pytest.mark.slow
def test_a_refresh_makes_what_a_full_build_makes(refreshed: Refreshed, tmp_path: Path) -> None:
    was = refreshed.installation
    anew = was.copied_to(tmp_path / "data")
    done = anew.csw("build", "--full")
    assert done.returncode == 0, done.stdout + done.stderr
    assert differing(was.settings.published, anew.settings.next) == []
