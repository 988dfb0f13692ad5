"""What a check found: findings with the rows they stand on, and how people and other processes read them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

#: ``error`` stops the publication; ``warning`` is shown.
Severity = Literal["error", "warning"]


@dataclass(frozen=True)
class Finding:
    """One thing that does not hold.

    ``where`` names the place (source, table, edition, file, period, column … or authority, measure, year), ``found``
    says what is there, ``rows`` are row numbers of the publisher's file, ``examples`` are a few of the failing rows as
    they stand, ``says`` is the check in words, and ``advice`` what to do.
    """

    check: str
    severity: Severity
    where: dict[str, str]
    found: str
    says: str
    advice: str
    rows: tuple[int, ...] = ()
    examples: tuple[dict[str, str], ...] = ()

    @property
    def table(self) -> tuple[str, str, str] | None:
        """Source, table and edition, of a finding about a landed table."""
        w = self.where
        return (w["source"], w["table_name"], w["edition"]) if "table_name" in w else None


@dataclass
class Result:
    """What a set of checks found.

    ``expectations`` and ``rows_looked_at`` say how much was asserted, ``accepted`` which documented exceptions were
    met, ``idle`` which ones name a place that is there and no longer fails, ``seconds`` how long it took by stage.
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
        """What stops the publication."""
        return [f for f in self.findings if f.severity == "error"]

    @property
    def warnings(self) -> list[Finding]:
        """What is shown and stops nothing."""
        return [f for f in self.findings if f.severity == "warning"]

    @property
    def ok(self) -> bool:
        """Whether nothing stops the publication."""
        return not self.errors

    @property
    def stopped(self) -> list[tuple[str, str, str]]:
        """Landed tables with an error: source, table and edition."""
        return sorted({f.table for f in self.errors if f.table})

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for a pipe or a file."""
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("validations", "findings")} | {
            "findings": [asdict(f) for f in self.findings]
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Result:
        """The other way round."""
        findings = [
            Finding(**{**f, "rows": tuple(f["rows"]), "examples": tuple(f["examples"])}) for f in data["findings"]
        ]
        return cls(**{**data, "findings": findings})


class GateResult(Result):
    """What the gate found in landed tables."""

    title = "The gate"
    noun = "landed tables"


class WindowResult(Result):
    """What the shop window found in the warehouse to be published."""

    title = "The shop window"
    noun = "rows of the marts"


def describe(result: Result, *, limit: int = 12) -> str:
    """A result as text: one line when all is well, else each finding with its failing rows.

    Args:
        result: of the gate or the shop window.
        limit: how many findings of a check, and rows of a finding, are printed; the rest is counted.
    """
    n_errors, n_warnings = len(result.errors), len(result.warnings)
    took = sum(result.seconds.values())
    verdict = "stopped" if n_errors else "passed"
    lines = [
        f"{result.title}: {verdict}. {result.expectations} expectations on {result.checked} {result.noun} "
        f"in {took:.1f} s; {n_errors} error{_s(n_errors)}, {n_warnings} warning{_s(n_warnings)}, "
        f"{len(result.accepted)} documented exception{_s(len(result.accepted))}."
    ]
    for severity, findings in (("error", result.errors), ("warning", result.warnings)):
        by_check: dict[str, list[Finding]] = {}
        for f in findings:
            by_check.setdefault(f.check, []).append(f)
        for check, group in by_check.items():
            lines += ["", f"{severity.upper()} {check}: {group[0].says}"]
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
    """Rows as aligned text."""
    rows = list(rows)
    names = list(dict.fromkeys(n for r in rows for n in r))
    cells = [names, *([str(r.get(n, "")) for n in names] for r in rows)]
    widths = [min(48, max(len(r[i]) for r in cells)) for i in range(len(names))]
    return ["  ".join(c[:w].ljust(w) for c, w in zip(r, widths, strict=True)).rstrip() for r in cells]


def _s(n: int) -> str:
    return "" if n == 1 else "s"
