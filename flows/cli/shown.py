"""How the work and what came of it are shown on a terminal."""

from __future__ import annotations

import os
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from flows.cli.pace import RUN, Pace, in_words, last_stages
from flows.common.text import counted, printable

if TYPE_CHECKING:
    from rich.console import RenderableType

    from flows.landing.under_way import LandingReport
    from flows.publishers.fetch import FetchReport
    from flows.stages.report import RunReport

#: So many of a kind are named; of more it is said how many there are.
_FEW = 3


@contextmanager
def progress(
    quiet: bool, stages: tuple[str, ...] = RUN
) -> Iterator[tuple[Callable[[str], None], Callable[[str], None]]]:
    """How long work is shown: a bar with the time left on a terminal, a line per stage elsewhere, nothing when quiet.

    Args:
        quiet: show nothing.
        stages: what the work goes through, as :class:`flows.stages.report.Stopwatch` names it.
    """
    if quiet:
        yield (lambda _: None), (lambda _: None)
        return
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield (lambda s: typer.echo(s, err=True)), (lambda _: None)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from flows.common.settings import Settings

    pace = Pace(stages, last_stages(Settings().data / "last_run.json"))
    console = Console(stderr=True)
    columns = [
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[left]}", markup=False),
    ]

    class Bar(Progress):
        def get_renderables(self) -> Iterator[RenderableType]:
            # Asked for as often as the screen is drawn: the bar moves while a stage is silent.
            for task in self.tasks:
                task.completed, task.fields["left"] = pace.completed, in_words(pace.left)
            yield self.make_tasks_table(self.tasks)

    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task("starting", total=pace.total, left="")
        done = 0
        if len(stages) == 1:
            pace.enter(stages[0])

        def say(text: str) -> None:
            pace.enter(text.removesuffix(" …"))
            console.print(text, highlight=False, markup=False)
            bar.update(task, description=text)

        def each(name: str) -> None:
            nonlocal done
            done += 1
            bar.update(task, description=f"{done} · {name}")

        yield say, each


def show_fetch(report: FetchReport | None, quiet: bool) -> None:
    if report is None:
        return
    for source, reason in report.failed.items():
        typer.echo(f"not fetched, what is held stays: {source}:\n  {reason}", err=True)
    if not quiet:
        typer.echo(report.text())


def show_landing(report: LandingReport | None, quiet: bool, *, is_live: bool = False) -> None:
    """What a landing did; of what was fetched, the report of the fetch says in one line what is not yet described."""
    if report is None:
        return
    for refusal in report.refused:
        typer.echo(f"refused: {refusal}", err=True)
    for flag in report.flagged:
        typer.echo(f"flagged: {flag}", err=True)
    if quiet:
        return
    typer.echo(_landed(report))
    for note in report.notes:
        typer.echo(f"  {note}")
    for refusal in [] if is_live else report.not_described:
        typer.echo(f"  not yet described: {refusal}")
    for path in report.unrecognised:
        typer.echo(f"  not recognised: {printable(path)}")
    for path, first in report.duplicates:
        typer.echo(f"  same content: {printable(path)} = {printable(first)}")
    if report.missing:
        more = " …" if len(report.missing) > _FEW else ""
        missing = f"{counted(len(report.missing), 'table')} of known editions"
        typer.echo(f"  not delivered: {missing} ({', '.join(report.missing[:_FEW])}{more})")


def _landed(report: LandingReport) -> str:
    """What a landing did in one line, of which publications, and of which editions where they are few."""
    editions: dict[str, list[str]] = {}
    for source, edition in sorted({(x.source, x.edition) for x in report.landed}):
        editions.setdefault(source, []).append(edition)
    found = sum(map(len, editions.values()))
    done = [
        f"Landed {counted(len(report.landed), 'table')} of {counted(found, 'edition')}",
        counted(report.documents, "document") + " archived",
        counted(report.unchanged, "file") + " unchanged",
        counted(len(report.duplicates), "duplicate"),
        f"{len(report.refused)} refused",
        f"{len(report.not_described)} of editions not yet described",
        f"{len(report.unrecognised)} not recognised",
    ]
    line = "; ".join([done[0], *(said for said in done[1:] if not said.startswith("0 "))]) + "."
    if not editions:
        return line
    named = [f"{s} {', '.join(e) if len(e) <= _FEW else counted(len(e), 'edition')}" for s, e in editions.items()]
    return "\n".join([line, *textwrap.wrap("; ".join(named), 118, initial_indent="  ", subsequent_indent="  ")])


def show_unwritten(report: RunReport) -> None:
    for problem in report.unwritten:
        typer.echo(f"the warehouse is published, but {problem}", err=True)


def show_run(report: RunReport, quiet: bool) -> None:
    if report.withheld:
        typer.echo("withheld, the rest went on without:\n" + report.withheld, err=True)
    show_unwritten(report)
    for study, why in report.study_errors.items():
        typer.echo(f"error: study {study}: {why}. Its figures carry the verdict 'error'; the rest went on.", err=True)
    if quiet:
        return
    if report.reports is not None and report.reports.reports:
        typer.echo(report.reports.text())
    for warning in report.warnings:
        typer.echo(f"warning: {warning}")
    if report.nothing_new:
        typer.echo(f"Nothing new; {report.published} is up to date.")
        show_site(report)
        return
    typer.echo("  ".join(f"{k} {v:.1f}s" for k, v in report.stages.items()) + f"  in all {report.seconds:.1f}s")
    if report.built is not None:
        tests = sum(n.type in {"test", "unit_test"} for n in report.built.nodes)
        typer.echo(f"{len(report.built.nodes) - tests} models and seeds built, {tests} tests passed.")
    if report.published:
        typer.echo(f"Published {report.published}")
    show_site(report)


def show_site(report: RunReport) -> None:
    if report.site is not None:
        typer.echo(f"To look at: {report.site}")
