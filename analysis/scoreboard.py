"""The printed figures beside ours, each with a verdict and a reason.

Verdicts: *reproduced*, *close*, *differs* by the rules of ``studies/tolerances.yml``; *not testable*, *not
reproducible*; *error* where our own study failed (docs/decisions/verdicts.md). A printed inequality (``>.05``) is
reproduced when ours satisfies it.

Ours is by the editions of the paper's day (``studies/replication.py``); what the newest editions give is beside it.
"""

from __future__ import annotations

import csv
import html
import io
import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING

from analysis.results import ERROR, Estimate, by_key, p_in_words
from analysis.studies.replication import OF_THE_DAY
from analysis.studies.spec import Published, Spec, Tie, Tolerance, published_figures
from analysis.verdicts import VERDICTS, Key, ScoreRow, Verdict

if TYPE_CHECKING:
    from analysis.marts import Marts

COLUMNS = (
    "study",
    "place",
    "statistic",
    "subject",
    "published",
    "ours",
    "n_published",
    "n_ours",
    "difference",
    "verdict",
    "reason",
    "ours_newest",
    "verdict_newest",
)


def score(spec: Spec, estimates: Iterable[Estimate]) -> list[ScoreRow]:
    """A row for every printed figure of the study."""
    ours = by_key(estimates)
    return [_row(spec, figure, ours) for figure in published_figures(spec.study)]


def _row(spec: Spec, figure: Published, ours: dict[Key, Estimate]) -> ScoreRow:
    tie = spec.published[figure.row]
    newest = (spec.study, *tie.ours) if tie.ours else None
    row = _beside(spec, figure, ours, newest)
    then = (spec.study, OF_THE_DAY + tie.ours[0], *tie.ours[1:]) if tie.ours else None
    if then not in ours:
        then = newest
    return replace(
        row if then == newest else _beside(spec, figure, ours, then),
        ours_newest=row.ours,
        verdict_newest=row.verdict,
        newest_key=row.ours_key,
    )


def _beside(spec: Spec, figure: Published, ours: dict[Key, Estimate], key: Key | None) -> ScoreRow:
    """A printed figure beside one estimate."""
    tie = spec.published[figure.row]
    found = ours.get(key) if key else None
    difference: float | None = None
    verdict: Verdict
    if tie.ours is None:
        verdict, reason = tie.verdict or "not testable", tie.reason
    elif found is None:
        stopped = next((e for e in ours.values() if e.place == "run"), None)
        # The study ran and did not make what its own spec names: the spec or the study is wrong.
        verdict = "error" if stopped is None or stopped.subject == ERROR else "not testable"
        reason = stopped.reason if stopped else f"no estimate named {' | '.join(tie.ours)} was made"
    elif found.value is None:
        verdict, reason = "not testable", _join(found.reason, tie.reason)
    elif tie.verdict:
        verdict, reason = tie.verdict, _join(tie.reason, found.reason)
    else:
        verdict, difference, reason = _compare(figure, tie, spec.tolerance(figure), found)
    return ScoreRow(
        study=spec.study,
        row=figure.row,
        place=figure.place,
        statistic=figure.statistic,
        subject=figure.subject,
        published=figure.value + (f" (p {_sign(figure.p)})" if figure.p else ""),
        ours=found.value if found else None,
        n_published=figure.n,
        n_ours=found.n if found else None,
        difference=difference,
        verdict=verdict,
        reason=reason,
        ours_key=key if found else None,
    )


def _compare(figure: Published, tie: Tie, rule: Tolerance, found: Estimate) -> tuple[Verdict, float | None, str]:
    value = found.value
    assert value is not None
    verdict: Verdict
    difference: float | None = None
    why: list[str] = []
    bound = inequality(figure.value) if tie.printed is None else None
    if rule.kind == "claim":
        verdict = "reproduced" if value >= rule.reproduced else "close" if value >= rule.close else "differs"
        why.append(f"{number(100 * value)}% of what is stated holds")
    elif bound is not None:
        verdict = "reproduced" if _satisfies(value, bound) else "differs"
        why.append(f"ours is {number(value)}")
    else:
        printed = tie.printed if tie.printed is not None else number_of(figure.value)
        if printed is None:
            raise ValueError(f"{figure.study} row {figure.row}: {figure.value!r} is not a number; give `printed`")
        difference = value - printed
        verdict, within = _near(value, printed, rule)
        why.append(f"within {within}" if verdict != "differs" else f"{number(value)} against {number(printed)}")
    if verdict == "reproduced":
        verdict, caps = _caps(figure, tie, rule, found)
        why += caps
    if verdict != "reproduced" or tie.reason:
        why.append(tie.reason)
    why.append(found.reason)
    return verdict, difference, _join(*why)


def _near(value: float, printed: float, rule: Tolerance) -> tuple[Verdict, str]:
    """The verdict on a number, and within what it lies, in words."""
    size, scale = abs(value - printed), abs(printed)
    edge = 1e-9 * max(scale, 1.0)  # floating point must not decide at the edge of a tolerance
    if size <= rule.reproduced * (scale if rule.relative else 1.0) + edge:
        return "reproduced", f"{number(100 * rule.reproduced)}%" if rule.relative else number(rule.reproduced)
    if value * printed < 0:
        return "differs", ""
    if rule.close_within is not None:
        return ("close", number(rule.close_within)) if size <= rule.close_within + edge else ("differs", "")
    if size <= rule.close * scale + edge:
        return "close", f"{number(100 * rule.close)}%"
    return ("close", "one") if scale < rule.one_below and size <= 1 + edge else ("differs", "")


def _caps(figure: Published, tie: Tie, rule: Tolerance, found: Estimate) -> tuple[Verdict, list[str]]:
    """What keeps an equal figure from counting as reproduced."""
    why = []
    n = number_of(figure.n)
    if rule.same_n and n is not None and found.n is not None and abs(found.n - n) > rule.n_within:
        why.append(f"n is {found.n}, printed {figure.n}")
    printed_p = _significant(figure.p)
    significance = None if found.p_value is None else found.p_value < 0.05
    if rule.same_significance and None not in (printed_p, significance) and printed_p != significance:
        why.append(f"p is {p_in_words(found.p_value or 0.0)}, printed {figure.p}")
    if why or tie.at_best == "close":
        return "close", why
    return "reproduced", []


_NUMBER = re.compile(r"[-+]?\d*\.?\d+(?:[eE][-+]?\d+)?")


def number_of(text: str) -> float | None:
    """A printed number ("0.519", ".000", "1,234", "64%"), or None for anything else."""
    bare = text.strip().replace(",", "").rstrip("%")
    return float(bare) if _NUMBER.fullmatch(bare) else None


def inequality(text: str) -> tuple[str, float] | None:
    """A printed inequality (">.05", "<.001", ">50") as its sign and bound."""
    bare = text.strip()
    if bare[:1] not in "<>" or not bare:
        return None
    bound = number_of(bare[1:].lstrip("="))
    return None if bound is None else (bare[0], bound)


def _satisfies(value: float, bound: tuple[str, float]) -> bool:
    return value > bound[1] if bound[0] == ">" else value < bound[1]


def _significant(p: str) -> bool | None:
    """Whether a printed p lies below 0.05; None where it does not say."""
    bound = inequality(p)
    if bound is not None:
        sign, limit = bound
        return True if sign == "<" and limit <= 0.05 else False if sign == ">" and limit >= 0.05 else None
    value = number_of(p)
    return None if value is None else value < 0.05


def _sign(p: str) -> str:
    return p if p[:1] in "<>" else f"= {p}"


def _join(*parts: str) -> str:
    return "; ".join(dict.fromkeys(p for p in parts if p))


def number(value: float | None) -> str:
    """Four significant figures; blank where there is none."""
    return "" if value is None else f"{value:.4g}"


# --- showing it ---------------------------------------------------------------------------------------------------


def read_scoreboard(marts: Marts) -> list[ScoreRow]:
    """The scoreboard that was published with a warehouse.

    Raises:
        MartLacks: the warehouse has none.
    """
    frame = marts.frame("select * from results.scoreboard order by study, row")
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return [ScoreRow(**{str(k): v for k, v in r.items()}) for r in rows]


def tally(rows: Sequence[ScoreRow]) -> dict[str, Counter[str]]:
    """How many of each verdict, by study."""
    out: dict[str, Counter[str]] = {}
    for r in rows:
        out.setdefault(r.study, Counter())[r.verdict] += 1
    return out


def _cells(row: ScoreRow) -> list[str]:
    return [
        number(v) if isinstance(v, float) else "" if v is None else str(v) for v in (getattr(row, c) for c in COLUMNS)
    ]


def as_csv(rows: Sequence[ScoreRow]) -> str:
    """The rows as CSV with a header."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_cells(r) for r in rows)
    return out.getvalue().rstrip("\n")


def moved(row: ScoreRow) -> bool:
    """Whether the newest editions give another figure."""
    return row.ours_newest != row.ours or row.verdict_newest not in (None, row.verdict)


def as_html(rows: Sequence[ScoreRow]) -> str:
    """A fragment of HTML: a tally and a table; the page around it brings the style."""
    head = "".join(f"<th scope='col'>{c.replace('_', ' ')}</th>" for c in COLUMNS)
    body = []
    for r in rows:
        kind = r.verdict.split(" ")[0]
        cells = "".join(f"<td>{html.escape(cell)}</td>" for cell in _cells(r))
        body.append(f"<tr class='verdict-{kind}'>{cells}</tr>")
    counts = "".join(
        f"<tr><th scope='row'>{html.escape(study)}</th>" + "".join(f"<td>{c[v]}</td>" for v in VERDICTS) + "</tr>"
        for study, c in tally(rows).items()
    )
    verdicts = "".join(f"<th scope='col'>{v}</th>" for v in VERDICTS)
    return (
        "<section class='scoreboard'>\n"
        f"<table class='tally'><thead><tr><th scope='col'>study</th>{verdicts}</tr></thead>\n"
        f"<tbody>{counts}</tbody></table>\n"
        f"<table class='figures'><thead><tr>{head}</tr></thead><tbody>\n"
        + "\n".join(body)
        + "\n</tbody></table>\n</section>"
    )


def as_json(rows: Sequence[ScoreRow]) -> str:
    """A JSON list of rows."""
    return json.dumps([asdict(r) for r in rows], default=str, indent=1, ensure_ascii=False)


#: How rows are written for other programs and pages.
SHOW = {"csv": as_csv, "html": as_html, "json": as_json}
