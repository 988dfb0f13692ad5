"""What a study yields, and how results are kept.

A study is a list of :class:`Estimate`. ``write_results`` puts them, with the scoreboard, into schema ``results`` of a
warehouse file; ``export_results`` writes the same tables as CSV and Parquet for readers without DuckDB.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.spreadsheet import harmless_frame
from analysis.verdicts import Key, ScoreRow
from analysis.yaml_file import read_yaml

if TYPE_CHECKING:
    import pandas as pd

    from analysis.marts import Marts

DICTIONARY = Path(__file__).resolve().parent / "results.yml"


def _tables() -> dict[str, dict[str, str]]:
    models = read_yaml(DICTIONARY)["models"]
    return {m["name"]: {c["name"]: c["data_type"] for c in m["columns"]} for m in models}


#: What studies write: table → column → type, in order; what they mean is in ``results.yml``.
TABLES: dict[str, dict[str, str]] = _tables()


@dataclass(frozen=True)
class Estimate:
    """One figure of a study.

    ``place``, ``statistic`` and ``subject`` name it uniquely within its study, e.g. "table 2", "percent_change",
    "all | referrals | step0". ``value`` is None where there is none, and ``reason`` says why; ``reason`` may also hold
    a caveat. A *claim* that was printed in words has as value the share of its parts that hold (0 to 1).
    ``p_adjusted`` is Benjamini-Hochberg within ``family`` and is filled in by :func:`adjusted`. ``method`` says what
    was done, in words; units are those of the mart (``_pct`` 0-100, ``_gbp`` pounds, rates per 10,000).
    """

    study: str
    place: str
    statistic: str
    subject: str
    value: float | None
    ci_low: float | None = None
    ci_high: float | None = None
    p_value: float | None = None
    p_adjusted: float | None = None
    n: int | None = None
    family: str = ""
    method: str = ""
    reason: str = ""

    @property
    def key(self) -> Key:
        """What names it."""
        return self.study, self.place, self.statistic, self.subject


#: Subjects of the one row of a study that did not run: the warehouse lacks what it needs, or it failed itself.
LACKS, ERROR = "could not run", "error"


def stopped(study: str, subject: str, reason: str) -> Estimate:
    """The row that stands for a study that did not run; ``subject`` is LACKS or ERROR."""
    return Estimate(study, "run", "study", subject, None, reason=reason)


def clean(value: Any) -> float | None:
    """A number as a plain float; None for None, NaN and infinities."""
    if value is None:
        return None
    number = float(value)
    return number if math.isfinite(number) else None


#: Below the smallest double a p-value would be printed as nought, which none is.
LEAST_P = 1e-300


def _p(value: Any) -> float | None:
    number = clean(value)
    return None if number is None else max(number, LEAST_P)


def p_in_words(p: float) -> str:
    """A p-value as text: "< 1e-300" for what is too small for a number."""
    return "< 1e-300" if p <= LEAST_P else f"{p:.3g}"


def tidy(estimate: Estimate) -> Estimate:
    """The estimate with plain numbers; a value that is not finite becomes None with a reason."""
    value = clean(estimate.value)
    reason = estimate.reason
    if value is None and not reason:
        reason = "not estimable from these data"
    return replace(
        estimate,
        value=value,
        ci_low=clean(estimate.ci_low),
        ci_high=clean(estimate.ci_high),
        p_value=_p(estimate.p_value),
        p_adjusted=_p(estimate.p_adjusted),
        n=None if clean(estimate.n) is None else int(estimate.n or 0),
        reason=reason,
    )


def adjusted(estimates: Iterable[Estimate]) -> list[Estimate]:
    """Estimates with ``p_adjusted``: Benjamini-Hochberg over the p-values of each study's family ("" is no family)."""
    from analysis.estimators.multiplicity import benjamini_hochberg

    out = [tidy(e) for e in estimates]
    families: dict[tuple[str, str], list[int]] = {}
    for i, e in enumerate(out):
        if e.family and e.p_value is not None:
            families.setdefault((e.study, e.family), []).append(i)
    for places in families.values():
        for i, p in zip(places, benjamini_hochberg([out[i].p_value for i in places]), strict=True):
            out[i] = replace(out[i], p_adjusted=float(p))
    return out


def by_key(estimates: Iterable[Estimate]) -> dict[Key, Estimate]:
    """Estimates by what names them.

    Raises:
        ValueError: two estimates have one name.
    """
    out: dict[Key, Estimate] = {}
    for e in estimates:
        if e.key in out:
            raise ValueError(f"two estimates are named {' | '.join(e.key)}")
        out[e.key] = e
    return out


#: What each study asked the warehouse: study → query → digest of the answer.
Inputs = Mapping[str, Mapping[str, str]]


def result_frames(
    estimates: Sequence[Estimate], scoreboard: Sequence[ScoreRow], inputs: Inputs | None = None
) -> dict[str, pd.DataFrame]:
    """The tables of schema ``results`` as frames, columns as in :data:`TABLES`; ``study_input`` where it is known."""
    import pandas as pd

    # Of what no edition touches both columns of the scoreboard are one estimate.
    newest = {row.newest_key: (row, row.verdict_newest) for row in scoreboard if row.newest_key is not None}
    printed = newest | {row.ours_key: (row, row.verdict) for row in scoreboard if row.ours_key is not None}
    rows = []
    for e in estimates:
        row, verdict = printed.get(e.key, (None, "" if e.value is not None else "not estimated"))
        about = dict.fromkeys([row.reason, e.reason] if row else [e.reason])
        rows.append(
            {
                **e.__dict__,
                "published_value": row.published if row else None,
                "verdict": verdict,
                "reason": "; ".join(part for part in about if part),
            }
        )
    frames = {
        "estimate": pd.DataFrame(rows, columns=list(TABLES["estimate"])),
        "scoreboard": pd.DataFrame([row.__dict__ for row in scoreboard], columns=list(TABLES["scoreboard"])),
    }
    if inputs is not None:
        asked = [(study, sql, digest) for study, answers in inputs.items() for sql, digest in answers.items()]
        frames["study_input"] = pd.DataFrame(asked, columns=list(TABLES["study_input"]))
    return {name: frame.astype(_pandas_types(TABLES[name])) for name, frame in frames.items()}


def _pandas_types(columns: dict[str, str]) -> dict[str, str]:
    return {
        column: {"varchar": "object", "double": "float64", "integer": "Int64", "bigint": "Int64"}[kind]
        for column, kind in columns.items()
    }


def write_results(
    database: Path,
    estimates: Sequence[Estimate],
    scoreboard: Sequence[ScoreRow],
    inputs: Inputs | None = None,
    kept: Collection[str] = (),
    tables: Mapping[str, pd.DataFrame] | None = None,
) -> None:
    """Replace schema ``results`` of a warehouse file, and the tables that studies make beside it; all of it or none.

    Args:
        database: the file.
        estimates: of the studies that ran.
        scoreboard: of the studies that ran.
        inputs: what they asked.
        kept: studies whose rows stay as the file has them.
        tables: tables of schema ``studies``, by name; their columns are those of :data:`TABLES`.
    """
    import duckdb

    with duckdb.connect(str(database)) as con:
        con.execute("begin")
        con.execute("create schema if not exists results")
        for name, frame in result_frames(estimates, scoreboard, inputs or {}).items():
            columns = ", ".join(f'"{column}" {kind}' for column, kind in TABLES[name].items())
            con.execute(f"create temp table _rows ({columns})")
            if kept:
                con.execute(f"insert into _rows select * from results.{name} where list_contains(?, study)", [[*kept]])
            con.register("_frame", frame)
            con.execute(f"insert into _rows select {_casts(name)} from _frame")
            con.unregister("_frame")
            # Whether a study ran or was kept does not show in the order of rows.
            con.execute(f"create or replace table results.{name} as from _rows order by study, rowid")
            con.execute("drop table _rows")
        for name, frame in (tables or {}).items():
            con.register("_frame", frame.astype(_pandas_types(TABLES[name])))
            con.execute("create schema if not exists studies")
            con.execute(f"create or replace table studies.{name} as select {_casts(name)} from _frame")
            con.unregister("_frame")
        con.execute("commit")


def kept_inputs(marts: Marts) -> dict[str, dict[str, str]]:
    """What each study asked when it last ran on this warehouse; empty where it never did."""
    if not marts.has("results.study_input"):
        return {}
    found: dict[str, dict[str, str]] = {}
    for row in marts.frame("select study, statement, digest from results.study_input").itertuples(index=False):
        found.setdefault(str(row.study), {})[str(row.statement)] = str(row.digest)
    return found


def _casts(table: str) -> str:
    return ", ".join(f'{_cast(column, kind)} as "{column}"' for column, kind in TABLES[table].items())


def _cast(column: str, kind: str) -> str:
    # A float that is missing is NaN in a frame, and has to be null in a table.
    text = f'case when isnan("{column}") then null else "{column}" end' if kind == "double" else f'"{column}"'
    return f"cast({text} as {kind})"


def export_results(folder: Path, estimates: Sequence[Estimate], scoreboard: Sequence[ScoreRow]) -> list[Path]:
    """Write ``estimate`` and ``scoreboard`` as CSV and Parquet into a folder, made where it is missing."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, frame in result_frames(estimates, scoreboard).items():
        for suffix in ("csv", "parquet"):
            path = folder / f"{name}.{suffix}"
            part = path.with_name(f".{path.name}")
            if suffix == "csv":
                harmless_frame(frame).to_csv(part, index=False, lineterminator="\n", float_format="%.10g")
            else:
                frame.to_parquet(part, index=False)
            part.replace(path)
            written.append(path)
    return written
