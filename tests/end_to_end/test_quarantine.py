"""One odd row, file or report keeps nothing else from its readers."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pytest

from flows.sample.inspections import Inspection
from flows.sample.reports import report_pdf
from tests.installation import Installation
from tests.later_releases import Row, rows_of, written

B1 = "b1_children_in_need_2013_to_2024.csv"
C1 = "c1_children_in_need_referrals_and_rereferrals_2013_to_2024.csv"
B7 = "b7_child_in_need_plans_2022.csv"
#: An authority that no seed knows, by code, ONS code and name.
NOWHERE = {"old_la_code": "777", "new_la_code": "E06999999", "la_name": "Atlantis"}
REPORT = "99999_exampleshire_synthetic-report-3-may-2016.pdf"


def changed(copied: Installation, out: Path, file: str, code: str, year: str, change: Row) -> Path:
    """A file of the sample in which one authority's row of a year says something else."""
    rows = rows_of(next(copied.returns.rglob(file)))
    row = next(r for r in rows if r["old_la_code"] == code and r["time_period"].startswith(year))
    row |= change
    path = out / file
    path.write_bytes(written(rows))
    return path


def report_of_nowhere(out: Path) -> Path:
    """A report that reads well, of an authority that is in no register."""
    parts = {"help_and_protection": 3, "children_looked_after": 3, "adoption": 2, "care_leavers": 3, "leadership": 3}
    shown = Inspection("999", "sif", "single", date(2016, 3, 1), date(2016, 5, 3), 3, parts, 1)
    path = out / REPORT
    path.write_bytes(report_pdf(shown, "Exampleshire", np.random.default_rng(1)))
    return path


def landed(copied: Installation) -> set[tuple[str, str]]:
    with duckdb.connect(str(copied.settings.published), read_only=True) as con:
        return set(con.execute("select table_name, edition from marts.dim_edition where source = 'dfe_cin'").fetchall())


@pytest.mark.slow
def test_what_fails_is_held_back_alone_and_the_rest_is_published(copied: Installation, tmp_path: Path) -> None:
    good = changed(copied, tmp_path, B7, "886", "2022", {"CINPlan_start": "777"})
    done = copied.run(
        changed(copied, tmp_path, B1, "886", "2024", NOWHERE),
        changed(copied, tmp_path, C1, "201", "2024", NOWHERE),
        good,
        report_of_nowhere(tmp_path),
    )
    said = done.stdout + done.stderr
    assert done.returncode == 1, said
    assert "Published" in said
    tables = landed(copied)
    assert ("b7_child_in_need_plans", "2022-r2") in tables
    assert not {("b1_children_in_need", "2024-r2"), ("c1_referrals", "2024-r2")} & tables
    listed = copied.csw("quarantine").stdout
    for words in ("b1_children_in_need 2024-r2", "c1_referrals 2024-r2", "What to do: "):
        assert words in listed
    # The report is read; it waits for somebody who knows whose it is.
    with duckdb.connect(str(copied.settings.published), read_only=True) as con:
        (report,) = con.execute("select la_code, la_reason from marts.fct_report where file = ?", [REPORT]).fetchall()
    assert report[0] is None
    assert report[1]
    # Nothing is new: it says so again, without building.
    empty = copied.run(good)
    assert (empty.returncode, "Nothing new" in empty.stdout) == (1, True)
    assert "csw quarantine" in empty.stderr
    # Who has seen to it takes them out of use, with a reason.
    for what in (("dfe_cin", "2024-r2"), (REPORT,)):
        assert copied.csw("withdraw", *what, "--reason", "of no authority that there is").returncode == 0
    assert copied.run(good).returncode == 0
    assert "of no authority that there is" in copied.csw("quarantine").stdout
    assert copied.csw("verify").returncode == 0
    shutil.rmtree(copied.settings.data)
