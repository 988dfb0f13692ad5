"""Studies on the published warehouse: re-runs with other choices, the scoreboard, the exported results."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from flows.common.errors import CswError, WrongArgument
from flows.common.output_folder import OutputFolder
from flows.common.settings import Settings
from flows.common.tables import text_table
from flows.outputs.lock import see_that_it_is_no_input
from flows.warehouse.publish import check_warehouse, open_warehouse, published_path

if TYPE_CHECKING:
    from analysis.verdicts import ScoreRow


def analyse(
    settings: Settings,
    study: str,
    framework: str = "",
    window: str = "",
    deflator: str = "",
    basis: str = "",
    as_of: str = "",
    out: Path | None = None,
) -> str:
    """Run a study (or ``all``) on the published warehouse or on that of a date; the results go to a folder.

    Returns:
        what was done, for people.

    Raises:
        WrongArgument: a study or choice that is not known.
        CswError: nothing to read, or the folder holds something else.
    """
    from analysis.studies.run import analyse_to_files
    from analysis.studies.spec import Choices

    database = settings.warehouse / f"as_of_{as_of}.duckdb" if as_of else published_path(settings)
    if not database.exists():
        raise CswError(f"there is no warehouse as of {as_of}. Run `csw run --as-of {as_of}` first.")
    check_warehouse(database)
    _check_choices(database, study, framework, window, deflator, basis)
    try:
        choices = Choices(framework, window, deflator, basis, as_of)
        name = "_".join([study, *(x.replace(":", "_to_") for x in (framework, window, deflator, basis, as_of) if x)])
        place = OutputFolder(out or settings.data / "analyses" / name, "an analysis", _of_an_earlier_version)
        see_that_it_is_no_input(settings, place.folder)
        with place.replacing() as made:
            outcome, files = analyse_to_files(database, [] if study == "all" else [study], choices, made)
    except ValueError as exc:
        raise CswError(str(exc)) from exc
    written = [place.folder / f.name for f in files]
    if outcome.errors:
        raise CswError("\n".join(f"{s}: {reason}" for s, reason in outcome.errors.items()))
    lines = [f"{s} could not run: {reason}" for s, reason in outcome.lacking.items()]
    if not any(e.value is not None for e in outcome.estimates):
        raise CswError("\n".join(lines))
    known = sum(e.value is not None for e in outcome.estimates)
    lines.append(f"{known} of {len(outcome.estimates)} estimates have a value; the others say why not.")
    return "\n".join([*lines, *(f"Wrote {path}" for path in written)])


#: Price indices that money can be put into the prices of.
DEFLATORS = ("gdp", "rpi", "cpih")
BASES = ("publication", "inspection")
_WINDOW = re.compile(r"-?\d+:-?\d+|\d{4}-\d\d-\d\d:\d{4}-\d\d-\d\d")


def _check_choices(database: Path, study: str, framework: str, window: str, deflator: str, basis: str) -> None:
    from analysis.studies.spec import slugs

    with open_warehouse(database) as con:
        rows = con.execute("select distinct framework from marts.fct_inspection order by 1").fetchall()
    frameworks = [str(r[0]) for r in rows]
    for name, asked, known in (
        ("study", study, ["all", *slugs()]),
        ("--framework", framework, frameworks),
        ("--deflator", deflator, DEFLATORS),
        ("--basis", basis, BASES),
    ):
        if asked and asked not in known:
            raise WrongArgument(f"{name} {asked}: there are {', '.join(known)}.")
    if window and not _WINDOW.fullmatch(window):
        raise WrongArgument(f"--window {window}: give event years (-3:3) or dates (2014-01-01:2016-04-15).")


def _of_an_earlier_version(folder: Path) -> dict[str, list[str]]:
    """What a version that kept no list wrote: these four and nothing else."""
    names = [f"{table}.{ending}" for table in ("estimate", "scoreboard") for ending in ("csv", "parquet")]
    held = {p.name for p in folder.iterdir()} if folder.is_dir() else set()
    return {"": sorted(held)} if held and held <= set(names) else {}


def scoreboard(settings: Settings, output: str, study: str = "") -> str:
    """The scoreboard of the published warehouse as a table, csv, html or json.

    Raises:
        WrongArgument: there is no such study.
        CswError: nothing is published, or it has no scoreboard.
    """
    from analysis.marts import MartLacks, open_marts
    from analysis.scoreboard import SHOW, read_scoreboard
    from analysis.studies.spec import slugs
    from flows.common.synthetic import is_synthetic

    if study and study not in slugs():
        raise WrongArgument(f"--study {study}: there are {', '.join(slugs())}.")
    check_warehouse(published_path(settings))
    with open_marts(published_path(settings)) as marts:
        try:
            rows = read_scoreboard(marts)
        except MartLacks as exc:
            raise CswError("the published warehouse has no results yet. Run `csw run`.") from exc
    asked = [r for r in rows if study in ("", r.study)]
    text = scoreboard_table(asked) if output == "table" else SHOW[output](asked)
    if output == "table" and is_synthetic(settings.data):
        text = "Made from the bundled synthetic sample: the verdicts below say nothing about the papers.\n\n" + text
    return text


def scoreboard_table(rows: Sequence[ScoreRow]) -> str:
    """For people: a tally by study, then every figure on two lines."""
    from analysis.scoreboard import number, tally
    from analysis.verdicts import VERDICTS

    counts = [[study, *(n[v] for v in VERDICTS)] for study, n in tally(rows).items()]
    lines = [text_table(("study", *VERDICTS), counts, right=VERDICTS, fit=True)]
    for r in rows:
        lines.append(f"\n{r.study} {r.row} · {r.place} · {r.statistic} · {r.subject}")
        lines.append(f"  printed {r.published or '-'}  ours {number(r.ours) or '-'}  [{r.verdict}] {r.reason}")
    return "\n".join(lines)
