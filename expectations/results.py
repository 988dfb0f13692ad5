"""What a set of checks found: findings with the rows they rest on, and how people and other processes read them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from io import StringIO
from typing import Any, Literal, TypeVar

#: A table of an edition: source, table and edition. The unit of refusal.
TableKey = tuple[str, str, str]
#: ``error`` stops a table or a publication; ``warning`` is shown.
Severity = Literal["error", "warning"]
#: Whether something is wrong, or could not be checked.
Kind = Literal["fault", "not checkable"]

#: Letters of a cell that are shown.
_WIDEST = 48

R = TypeVar("R", bound="Result")


@dataclass(frozen=True)
class Finding:
    """One thing that does not hold, or could not be checked.

    ``where`` names the place (source, table, edition, file, period, column … or authority, measure, year), ``found``
    says what is there, ``rows`` are row numbers of the publisher's file, ``examples`` are a few of the failing rows as
    they stand, ``says`` is the check in words, and ``advice`` what to do. ``tables`` are the landed tables that the
    failing rows came from: what to leave out for the rest to hold; empty where no table can be named.
    """

    check: str
    severity: Severity
    where: dict[str, str]
    found: str
    says: str
    advice: str
    rows: tuple[int, ...] = ()
    examples: tuple[dict[str, str], ...] = ()
    tables: tuple[TableKey, ...] = ()
    kind: Kind = "fault"


@dataclass
class Result:
    """What a set of checks found.

    ``expectations`` and ``checked`` say how much was asserted and of how much, ``accepted`` which documented exceptions
    were met, ``idle`` which ones name a place that is there and no longer fails, ``seconds`` how long it took by stage.
    """

    findings: list[Finding] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)
    idle: list[str] = field(default_factory=list)
    expectations: int = 0
    checked: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    #: Great Expectations' own results, for Data Docs; they do not leave the process.
    validations: list[Any] = field(default_factory=list, repr=False, compare=False)

    title = "Checks"
    noun = "tables"

    @property
    def errors(self) -> list[Finding]:
        """What stops a table or the publication."""
        return [f for f in self.findings if f.severity == "error"]

    @property
    def warnings(self) -> list[Finding]:
        """What is shown and stops nothing, save what could not be checked."""
        return [f for f in self.findings if f.severity == "warning" and f.kind == "fault"]

    @property
    def not_checkable(self) -> list[Finding]:
        """What could not be checked; it stops nothing."""
        return [f for f in self.findings if f.severity == "warning" and f.kind == "not checkable"]

    @property
    def ok(self) -> bool:
        """Whether nothing stops the publication."""
        return not self.errors

    @property
    def by_table(self) -> dict[TableKey, list[Finding]]:
        """Errors by the landed table that they came from: what to leave out, and why."""
        found: dict[TableKey, list[Finding]] = {}
        for finding in self.errors:
            for key in finding.tables:
                found.setdefault(key, []).append(finding)
        return dict(sorted(found.items()))

    @property
    def stopped(self) -> list[TableKey]:
        """Landed tables with an error: source, table and edition."""
        return list(self.by_table)

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for a pipe or a file."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("validations", "findings")} | {
            "findings": [asdict(f) for f in self.findings]
        }

    @classmethod
    def from_dict(cls: type[R], data: dict[str, Any]) -> R:
        """The other way round."""
        findings = [
            Finding(
                **{
                    **f,
                    "rows": tuple(f["rows"]),
                    "examples": tuple(f["examples"]),
                    "tables": tuple((t[0], t[1], t[2]) for t in f["tables"]),
                }
            )
            for f in data["findings"]
        ]
        return cls(**{**data, "findings": findings})


class GateResult(Result):
    """What the gate found in landed tables. Every finding names its table in ``tables``."""

    title = "The gate"
    noun = "landed tables"


class ReleaseResult(Result):
    """What the release checks found in the warehouse to be published."""

    title = "The release checks"
    noun = "rows of the marts"


def describe(result: Result, *, limit: int = 12) -> str:
    """A result as text: one line when all is well, else each finding with its failing rows.

    Args:
        result: of the gate or the release checks.
        limit: how many findings of a check, and rows of a finding, are printed; the rest is counted.
    """
    n_errors, n_warnings, n_unknown = len(result.errors), len(result.warnings), len(result.not_checkable)
    took = sum(result.seconds.values())
    verdict = "stopped" if n_errors else "passed"
    lines = [
        f"{result.title}: {verdict}. {result.expectations} expectations on {result.checked} {result.noun} "
        f"in {took:.1f} s; {n_errors} error{_s(n_errors)}, {n_warnings} warning{_s(n_warnings)}, "
        f"{n_unknown} that could not be checked, {len(result.accepted)} documented exception{_s(len(result.accepted))}."
    ]
    for title, findings in (
        ("ERROR", result.errors),
        ("WARNING", result.warnings),
        ("NOT CHECKABLE", result.not_checkable),
    ):
        by_check: dict[str, list[Finding]] = {}
        for f in findings:
            by_check.setdefault(f.check, []).append(f)
        for check, group in by_check.items():
            lines += ["", f"{title} {check}: {group[0].says}"]
            for finding in group[:limit]:
                lines += _finding(finding, limit)
            if len(group) > limit:
                lines.append(f"  … and {len(group) - limit} more")
            lines.append(f"  What to do: {group[0].advice}")
    return "\n".join(lines)


def _finding(finding: Finding, limit: int) -> list[str]:
    place = " · ".join(v for v in finding.where.values() if v)
    lines = [f"  {place}", f"      {finding.found}"]
    if finding.rows:
        shown = ", ".join(str(r) for r in finding.rows[:limit])
        lines[-1] += f"; row{_s(len(finding.rows))} {shown}" + (", …" if len(finding.rows) > limit else "")
    if finding.examples:
        lines += [f"      {line}" for line in _table(finding.examples[:limit])]
    return lines


def _table(rows: Iterable[dict[str, str]]) -> list[str]:
    """Rows as aligned text, a row a line wherever it is read; long cells are cut."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    rows = list(rows)
    names = list(dict.fromkeys(n for r in rows for n in r))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in names:
        table.add_column(Text(name), no_wrap=True, max_width=_WIDEST, overflow="ellipsis")
    for r in rows:
        table.add_row(*(Text(" ".join(str(r.get(n, "")).split())) for n in names))
    written = StringIO()
    Console(file=written, width=100_000, color_system=None, force_terminal=False, legacy_windows=False).print(table)
    return [line.rstrip() for line in written.getvalue().splitlines()]


def _s(n: int) -> str:
    return "" if n == 1 else "s"
