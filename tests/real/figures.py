"""The figures that the real returns give, kept beside the tests: every change of one is a diff that somebody reads.

``scoreboard.csv``: each printed figure with ours and the verdict. ``study_samples.csv``: for each column of each
study's sample how many rows have a value, and their mean (for text: how many values there are). Rewrite both with
``make figures``, and say in CHANGELOG.md what moved and why.
"""

from __future__ import annotations

import argparse
import csv
import io
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from flows.common.settings import Settings

HERE = Path(__file__).resolve().parent
KEPT = ("scoreboard", "study_samples")


#: What the studies need beside the returns, in the folder next to them: the ministry's budgets, monthly prices.
BESIDE = ("mhclg_ra_budget", "ons_prices")


def land_beside(settings: Settings, returns: Path) -> None:
    """Land what the studies need beside the returns; a run on the returns then publishes both."""
    from flows.run import fetch_and_land

    for name in BESIDE:
        folder = returns.parent / "arrivals" / name
        if folder.is_dir():
            fetch_and_land(settings, folder)


def _number(value: float | None) -> str:
    return "" if value is None or value != value else f"{value:.9g}"


def scoreboard(con: Any) -> list[dict[str, str]]:
    """study, row, place, statistic, subject, published, ours, n, verdict, ours_newest, verdict_newest."""
    found = con.execute(
        "select study, row, place, statistic, subject, published, ours, n_ours, verdict, ours_newest, verdict_newest "
        "from results.scoreboard order by study, row"
    ).fetchall()
    names = ["study", "row", "place", "statistic", "subject", "published", "ours", "n", "verdict"]
    names += ["ours_newest", "verdict_newest"]
    return [
        dict(
            zip(names, [_number(v) if isinstance(v, float) else "" if v is None else str(v) for v in row], strict=True)
        )
        for row in found
    ]


def study_samples(con: Any) -> list[dict[str, str]]:
    """study, column, n, mean, distinct; the row ``*`` counts rows and authorities."""
    out = []
    samples = con.execute(
        "select table_name from duckdb_tables() where schema_name = 'studies' and table_name like 'rpt_%__sample' "
        "order by 1"
    ).fetchall()
    for (name,) in samples:
        study, table = name.removeprefix("rpt_").removesuffix("__sample"), f"studies.{name}"
        rows, authorities = con.execute(f"select count(*), count(distinct la_code) from {table}").fetchone()
        out.append({"study": study, "column": "*", "n": str(rows), "mean": "", "distinct": str(authorities)})
        for column, kind, *_rest in con.execute(f"describe {table}").fetchall():
            # Sums of doubles depend on their order, which DuckDB does not fix: in order, then.
            is_number = kind in ("DOUBLE", "INTEGER", "BIGINT", "HUGEINT", "BOOLEAN")
            mean = f'list_avg(list_sort(list(cast("{column}" as double))))' if is_number else "null"
            distinct = "null" if is_number else f'count(distinct "{column}")'
            n, middle, values = con.execute(f'select count("{column}"), {mean}, {distinct} from {table}').fetchone()
            shown = "" if values is None else str(values)
            out.append({"study": study, "column": column, "n": str(n), "mean": _number(middle), "distinct": shown})
    return out


def kept(name: str) -> list[dict[str, str]]:
    """A kept file's rows."""
    with (HERE / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def as_csv(rows: list[dict[str, str]]) -> str:
    """Rows as CSV with a header."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def write(database: Path) -> None:
    """Rewrite both files from a published warehouse of the real returns."""
    import duckdb

    with duckdb.connect(str(database), read_only=True) as con:
        for name, rows in (("scoreboard", scoreboard(con)), ("study_samples", study_samples(con))):
            (HERE / f"{name}.csv").write_text(as_csv(rows), encoding="utf-8")


def main() -> None:
    """Run the main job on the real returns in a folder of its own (or read a warehouse that is there), and rewrite."""
    from flows.common.settings import ROOT, Settings
    from flows.run import run

    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--returns", type=Path, default=ROOT.parent / "shared" / "returns")
    parser.add_argument("--warehouse", type=Path, help="a warehouse published from the real returns, to save the run")
    chosen = parser.parse_args()
    if chosen.warehouse:
        write(chosen.warehouse)
        return
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data=Path(folder) / "data")
        land_beside(settings, chosen.returns)
        run(settings, chosen.returns)
        write(settings.published)


if __name__ == "__main__":
    main()
