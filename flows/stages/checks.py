"""The gate, on what was landed, and the release checks, on the warehouse made from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from flows.common.errors import CheckFailed
from flows.common.settings import Settings
from flows.landing.catalogue import read_catalogue
from flows.landing.quarantine import Unit
from flows.stages.report import RunReport, Stopwatch
from flows.stages.warm import Warm
from flows.warehouse.attempts import Failure
from flows.warehouse.fingerprint import published_tables

if TYPE_CHECKING:
    from expectations.results import Finding, Result


def gate(settings: Settings, report: RunReport, watch: Stopwatch, warm: Warm) -> None:
    """Validate what was landed before anything is built from it: a look, which holds nothing back.

    Raises:
        CheckFailed: a table does not hold; the message shows the rows.
    """
    from expectations.results import describe

    result = _validate_landed(settings, report, watch, warm)
    if not result.ok:
        raise CheckFailed("the gate refuses landed tables; what is published stays.\n\n" + describe(result))


def _validate_landed(settings: Settings, report: RunReport, watch: Stopwatch, warm: Warm) -> Result:
    """The gate on what has been landed since the last publishing, or in this run; on everything where nothing was."""
    with watch.stage("gate"):
        landed = {e.key for e in report.landing.landed} if report.landing else set()
        new = sorted(landed | ({e.key for e in read_catalogue(settings)} - published_tables(settings)))
        result = warm.expectations.check_gate(settings.landing, settings.seeds, new or None)
        report.warnings += describe_warnings(result)
    return result


def refused_by_gate(
    settings: Settings, report: RunReport, watch: Stopwatch, warm: Warm, said: list[str]
) -> list[tuple[Unit, Failure]]:
    """What the gate refuses of what is not published yet.

    Raises:
        CheckFailed: a table that was published no longer holds; the message shows the rows.
    """
    from expectations.results import describe

    result = _validate_landed(settings, report, watch, warm)
    if result.ok:
        return []
    stopped = set(result.stopped)
    if stopped & published_tables(settings):
        raise CheckFailed(
            "the gate refuses tables that are published; what is published stays. If that is right, take them out of "
            "use: `csw withdraw SOURCE EDITION TABLE --reason …`.\n\n" + describe(result)
        )
    said.append(describe(result))
    found = []
    for e in read_catalogue(settings):
        findings = result.by_table.get(e.key, [])
        if findings:
            text = "\n".join(_finding_text(f) for f in findings)
            failure = Failure(f"the gate: {findings[0].check}", text, findings[0].advice, tables=(e.key,))
            found.append((Unit(e.source, e.table_name, e.edition, e.file, e.sha256), failure))
    return found


def check(settings: Settings, report: RunReport, watch: Stopwatch, warm: Warm, database: Path | None = None) -> None:
    """Look at the next warehouse (or another file) as a reader would, before it is published.

    Raises:
        CheckFailed: a mart is implausible; the message shows the rows.
    """
    raise_failures(try_check(settings, report, watch, warm, database), "the warehouse is implausible")


def try_check(
    settings: Settings, report: RunReport, watch: Stopwatch, warm: Warm, database: Path | None = None
) -> list[Failure]:
    """What is implausible in the next warehouse (or another file): first the whole of it, then each finding."""
    from expectations.results import describe

    with watch.stage("check"):
        previous = settings.published if settings.published.exists() else None
        result = warm.expectations.check_release(database or settings.next, previous)
        # Of several attempts, the last.
        report.warnings = [w for w in report.warnings if not w.startswith(result.title)] + describe_warnings(result)
        if result.ok:
            return []
        whole = Failure("the release checks", describe(result))
        return [whole, *(_as_failure(f) for f in result.errors)]


def _as_failure(finding: Finding) -> Failure:
    """A finding of the release checks, with the rows of the marts, and the tables where it names them."""
    rows = tuple({**finding.where, **example} for example in finding.examples) or (finding.where,)
    return Failure(f"release check {finding.check}", _finding_text(finding), finding.advice, rows, finding.tables)


def _finding_text(finding: Finding) -> str:
    """A finding in a line or two: where, what is there, on which rows."""
    place = " · ".join(v for v in finding.where.values() if v)
    rows = f"; rows {', '.join(str(r) for r in finding.rows[:12])}" if finding.rows else ""
    return f"{finding.check}: {finding.says}\n  {place}: {finding.found}{rows}"


def describe_warnings(result: Result) -> list[str]:
    """Warnings of a check in a line, and what it could not check in another: how many, of which checks."""
    lines = []
    for said, findings in (("", result.warnings), ("could not check ", result.not_checkable)):
        checks = Counter(f.check for f in findings)
        if checks:
            lines.append(f"{result.title}: {said}" + ", ".join(f"{n} × {check}" for check, n in checks.most_common()))
    return lines


def raise_failures(failures: Sequence[Failure], what: str) -> None:
    """Stop on failures, where there are any.

    Args:
        failures: of a build or a check.
        what: what did not pass, for the message.

    Raises:
        CheckFailed: there are some; the message shows the rows.
    """
    if failures:
        texts = [f.text for f in failures[:1] if f.by == "the release checks"] or [f.text for f in failures]
        raise CheckFailed(f"{what}; what was published before stays published.\n\n" + "\n\n".join(texts))
