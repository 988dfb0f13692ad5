"""Studies on the published warehouse: re-runs with other choices, the scoreboard, the exported results."""

from __future__ import annotations

from pathlib import Path

from flows.common.errors import CswError
from flows.common.settings import Settings
from flows.warehouse.publish import published_path


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
        CswError: nothing to read, or a study or choice that is not known.
    """
    from analysis.studies.run import analyse_to_files
    from analysis.studies.spec import Choices

    database = settings.warehouse / f"as_of_{as_of}.duckdb" if as_of else published_path(settings)
    if not database.exists():
        raise CswError(f"there is no warehouse as of {as_of}. Run `csw run --as-of {as_of}` first.")
    try:
        choices = Choices(framework, window, deflator, basis, as_of)
        name = "_".join([study, *(x.replace(":", "_to_") for x in (framework, window, deflator, basis, as_of) if x)])
        folder = out or settings.data / "analyses" / name
        outcome, written = analyse_to_files(database, [] if study == "all" else [study], choices, folder)
    except ValueError as exc:
        raise CswError(str(exc)) from exc
    lines = [f"{s} could not run: {reason}" for s, reason in outcome.failed.items()]
    if not any(e.value is not None for e in outcome.estimates):
        raise CswError("\n".join(lines))
    known = sum(e.value is not None for e in outcome.estimates)
    lines.append(f"{known} of {len(outcome.estimates)} estimates have a value; the others say why not.")
    return "\n".join([*lines, *(f"Wrote {path}" for path in written)])


def scoreboard(settings: Settings, output: str, study: str = "") -> str:
    """The scoreboard of the published warehouse as a table, csv or html.

    Raises:
        CswError: nothing is published, or it has no scoreboard.
    """
    from analysis.marts import MartLacks, open_marts
    from analysis.scoreboard import SHOW, read_scoreboard
    from flows.common.synthetic import is_synthetic

    with open_marts(published_path(settings)) as marts:
        try:
            rows = read_scoreboard(marts)
        except MartLacks as exc:
            raise CswError("the published warehouse has no results yet. Run `csw run`.") from exc
    text = SHOW[output]([r for r in rows if study in ("", r.study)])
    if output == "table" and is_synthetic(settings.data):
        text = "Made from the bundled synthetic sample: the verdicts below say nothing about the papers.\n\n" + text
    return text
