"""The frame of a study: estimates, specs, verdicts, and how they are kept."""

from __future__ import annotations

import errno
import pickle
import threading
from collections import Counter
from concurrent.futures import BrokenExecutor, Executor, ThreadPoolExecutor
from pathlib import Path
from typing import NoReturn

import duckdb
import pytest
import yaml

import analysis.studies
from analysis.marts import MartLacks, Marts
from analysis.results import Estimate, adjusted, export_results, p_in_words, write_results
from analysis.scoreboard import SHOW, inequality, number_of, read_scoreboard, score
from analysis.studies.run import Outcome, analyse_into, run_study
from analysis.studies.spec import Choices, Published, Spec, Tie, Tolerance, load_spec, published_figures, slugs
from analysis.verdicts import ScoreRow
from flows.outputs.analyses import scoreboard_table

FIGURES = published_figures("report_themes")


def spec_with(tie: object, **tolerance: object) -> Spec:
    rule = {"name": "rule", "for": [FIGURES[0].statistic], "reproduced": 0.01, "close": 0.05, **tolerance}
    answers: dict[int, object] = {f.row: {"verdict": "not testable", "reason": "not asked here"} for f in FIGURES}
    return Spec(study="report_themes", question="?", paper="", tolerances=[rule], published={**answers, 1: tie})


def verdict(
    monkeypatch: pytest.MonkeyPatch, printed: dict[str, str], tie: object, ours: Estimate, **tolerance: object
) -> ScoreRow:
    figure = Published(**{**FIGURES[0].__dict__, **printed})
    monkeypatch.setattr("analysis.scoreboard.published_figures", lambda _: [figure])
    return score(spec_with(tie, **tolerance), [ours])[0]


def ours(value: float | None, **about: object) -> Estimate:
    return Estimate("report_themes", "place", "statistic", "subject", value, **about)  # type: ignore[arg-type]


KEY = ["place", "statistic", "subject"]


@pytest.mark.parametrize(
    ("printed", "about", "expected"),
    [
        ({"value": "0.50", "n": "87"}, {"value": 0.505, "n": 87}, "reproduced"),
        ({"value": "0.50", "n": "87"}, {"value": 0.505, "n": 86}, "close"),
        ({"value": "0.50", "p": ".03", "n": ""}, {"value": 0.505, "p_value": 0.2}, "close"),
        ({"value": "0.50", "p": "<.001", "n": ""}, {"value": 0.505, "p_value": 0.01}, "reproduced"),
        ({"value": "0.50", "n": ""}, {"value": 0.525}, "close"),
        ({"value": "0.50", "n": ""}, {"value": 0.53}, "differs"),
        ({"value": "0.02", "n": ""}, {"value": -0.02}, "differs"),
        ({"value": ">.05", "n": ""}, {"value": 0.2}, "reproduced"),
        ({"value": "<.001", "n": ""}, {"value": 0.2}, "differs"),
        ({"value": "1", "n": ""}, {"value": None, "reason": "not held"}, "not testable"),
    ],
)
def test_verdicts(
    monkeypatch: pytest.MonkeyPatch, printed: dict[str, str], about: dict[str, object], expected: str
) -> None:
    row = verdict(monkeypatch, {"p": "", **printed}, KEY, ours(**about))  # type: ignore[arg-type]
    assert row.verdict == expected
    assert row.reason


def test_a_statement_is_reproduced_when_all_of_it_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    rule = {"kind": "claim", "reproduced": 1.0, "close": 0.6}
    printed = {"value": "up, then down", "p": "", "n": ""}
    for value, expected in ((1.0, "reproduced"), (0.75, "close"), (0.5, "differs")):
        assert verdict(monkeypatch, printed, KEY, ours(value), **rule).verdict == expected


def test_every_figure_that_is_answered_has_a_rule() -> None:
    with pytest.raises(ValueError, match="no tolerance is for"):
        spec_with(KEY, **{"for": ["something else"]})
    with pytest.raises(ValueError, match="no tolerance is named generous"):
        spec_with({"ours": KEY, "rule": "generous"})


#: Statistic, printed, ours → verdict: the rules as they are kept, on either side of their edges.
KEPT = [
    ("spearman_rho", "0.30", 0.309, "reproduced"),
    ("spearman_rho", "0.30", 0.312, "close"),
    ("spearman_rho", "0.30", 0.331, "differs"),
    ("spearman_rho", "-0.02", 0.005, "differs"),
    ("n", "47", 47, "reproduced"),
    ("n", "47", 48, "close"),
    ("n", "47", 50, "differs"),
    ("n", "5", 6, "close"),
    ("n", "5", 7, "differs"),
    ("n", "29", 30, "close"),
    ("years", "2009", 2010, "differs"),
    ("percent", "64%", 64.4, "reproduced"),
    ("percent", "64%", 67.2, "close"),
    ("percent", "64%", 67.3, "differs"),
    ("mean GBP", "854.6", 862.0, "reproduced"),
    ("mean GBP", "854.6", 864.0, "close"),
    ("median", "20", 21.1, "differs"),
    ("B", "-0.074", -0.0775, "close"),
    ("B", "-0.074", -0.078, "differs"),
]


@pytest.mark.parametrize(("statistic", "printed", "value", "expected"), KEPT)
def test_the_rules_that_are_kept(
    monkeypatch: pytest.MonkeyPatch, statistic: str, printed: str, value: float, expected: str
) -> None:
    rules = yaml.safe_load((Path(analysis.studies.__file__).parent / "tolerances.yml").read_text(encoding="utf-8"))
    figure = Published(**{**FIGURES[0].__dict__, "statistic": statistic, "value": printed, "p": "", "n": ""})
    monkeypatch.setattr("analysis.scoreboard.published_figures", lambda _: [figure])
    spec = load_spec("report_themes").model_copy(
        update={"tolerances": tuple(Tolerance(**rule) for rule in rules), "published": {1: Tie(ours=tuple(KEY))}}
    )
    assert score(spec, [ours(value)])[0].verdict == expected


def test_a_cap_keeps_an_equal_figure_from_counting(monkeypatch: pytest.MonkeyPatch) -> None:
    tie = {"ours": KEY, "at_best": "close", "reason": "another method"}
    row = verdict(monkeypatch, {"value": "1", "p": "", "n": ""}, tie, ours(1.0))
    assert (row.verdict, row.reason) == ("close", "within 0.01; another method")


def test_printed_numbers() -> None:
    assert [number_of(x) for x in (".000", "-0.245", "1,234", "64%", "1..87")] == [0.0, -0.245, 1234.0, 64.0, None]
    assert inequality("<.001") == ("<", 0.001)
    assert inequality("violated") is None


def test_every_printed_figure_has_an_answer() -> None:
    assert len(published_figures()) == 287
    with pytest.raises(ValueError, match="without an answer"):
        Spec(study="report_themes", question="?", paper="", published={1: KEY})  # type: ignore[dict-item]


@pytest.mark.parametrize("study", slugs())
def test_specs_load(study: str) -> None:
    spec = load_spec(study)
    assert len(spec.published) == len(published_figures(study))


def test_p_values_are_adjusted_within_families() -> None:
    def one(subject: str, p: float, family: str) -> Estimate:
        return Estimate("s", "p", "s", subject, 1.0, p_value=p, family=family)

    out = adjusted([one("a", 0.01, "f"), one("b", 0.04, "f"), one("c", 0.04, "g"), one("d", 0.04, "")])
    assert [e.p_adjusted for e in out] == [0.02, 0.04, 0.04, None]


def test_what_is_not_finite_has_a_reason() -> None:
    (out,) = adjusted([ours(float("nan"), ci_low=float("inf"))])
    assert (out.value, out.ci_low, out.reason) == (None, None, "not estimable from these data")


def test_what_the_warehouse_lacks_is_not_testable() -> None:
    with Marts(duckdb.connect()) as marts:
        for study in slugs():
            (row,) = run_study(marts, load_spec(study))
            assert row.value is None
            assert "has no studies.rpt_" in row.reason or "lacks" in row.reason
            assert Outcome([row], []).lacking == {study: row.reason}
            rows = score(load_spec(study), [row])
            assert {r.verdict for r in rows} <= {"not testable", "not reproducible"}
            assert all(r.reason for r in rows)


def test_our_own_failure_is_an_error_and_no_verdict_on_the_paper(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One KeyError in one study: it is named, its figures say *error*, the others run, and it is tried again."""
    database = tmp_path / "w.duckdb"
    with duckdb.connect(str(database)) as con:
        con.execute("create schema marts; create table marts.a as select 1 as x")
    ran: list[str] = []

    def model(study: str) -> object:
        def run(marts: Marts, spec: Spec, choices: Choices) -> list[Estimate]:
            ran.append(spec.study)
            marts.frame("select x from marts.a")
            if spec.study == "inspection_factors":
                raise KeyError("no such column of ours")
            ties = {t.ours for t in spec.published.values() if t.ours}
            return [Estimate(spec.study, *ours, 1.0) for ours in ties]

        return type("Model", (), {"run": staticmethod(run)})

    monkeypatch.setattr("analysis.studies.run.import_module", lambda name: model(name.split(".")[2]))
    outcome = analyse_into(database)
    assert set(outcome.errors) == {"inspection_factors"}
    assert "KeyError: 'no such column of ours' (test_frame.py:" in outcome.errors["inspection_factors"]
    assert outcome.lacking == {}
    mine = [r for r in outcome.scoreboard if r.study == "inspection_factors"]
    assert Counter(r.verdict for r in mine) == {"error": 40, "not reproducible": 4}
    assert not [r for r in outcome.scoreboard if r.study != "inspection_factors" and r.verdict == "error"]
    ran.clear()
    analyse_into(database)
    assert ran == ["inspection_factors"]


@pytest.mark.parametrize("error", [MemoryError(), OSError(errno.ENOSPC, "No space left on device")])
def test_a_machine_that_gives_out_is_no_result_of_a_study(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Published as one, it would stand there until the figures change."""
    database = tmp_path / "w.duckdb"
    with duckdb.connect(str(database)) as con:
        con.execute("create schema marts")

    def run(*_: object) -> NoReturn:
        raise error

    monkeypatch.setattr("analysis.studies.run.import_module", lambda _: type("Model", (), {"run": staticmethod(run)}))
    with pytest.raises(type(error)):
        analyse_into(database)


class _Ended(Executor):
    """A pool whose processes have ended."""

    def submit(self, *_: object, **__: object) -> NoReturn:
        raise BrokenExecutor("gone")


def test_studies_beside_one_another_yield_what_one_after_another_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same rows in the same order; what was under way in a process that is lost runs in this one."""
    here, elsewhere = threading.get_ident(), threading.Event()
    ran: list[bool] = []

    def run_one(marts: Marts, spec: Spec, choices: Choices | None = None) -> list[Estimate]:
        ran.append(threading.get_ident() == here)
        if ran[-1]:
            elsewhere.wait(5)
        else:
            elsewhere.set()
        value = float(marts.frame("select x from marts.a")["x"].iloc[0])
        return [Estimate(spec.study, "place", "statistic", subject, value) for subject in "ab"]

    def results(name: str, pool: Executor | None) -> tuple[Outcome, list[tuple[object, ...]]]:
        ran.clear()
        with duckdb.connect(str(tmp_path / name)) as con:
            con.execute("create schema marts; create table marts.a as select 1 as x")
        outcome = analyse_into(tmp_path / name, pool=pool, workers=1)
        with duckdb.connect(str(tmp_path / name), read_only=True) as con:
            return outcome, con.execute("from results.estimate").fetchall()

    monkeypatch.setattr("analysis.studies.run.run_study", run_one)
    few = ["inspection_impact", "spending_and_judgement", "value_added"]
    monkeypatch.setattr("analysis.studies.run.slugs", lambda: few)
    with ThreadPoolExecutor(1) as pool:
        beside = results("beside", pool)
    assert len(ran) == len(few)
    assert set(ran) == {True, False}
    alone = results("alone", None)
    assert all(ran)
    assert beside == alone == results("lost", _Ended())
    assert all(ran)
    assert pickle.loads(pickle.dumps(alone)) == alone


def test_an_estimate_that_the_spec_names_and_nobody_made_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    other = Estimate("report_themes", "place", "statistic", "something else", 1.0)
    row = verdict(monkeypatch, {"value": "1", "p": "", "n": ""}, KEY, other)
    assert (row.verdict, row.ours) == ("error", None)
    assert "no estimate named" in row.reason


def test_what_is_not_comparable_stands_whatever_ours_is(monkeypatch: pytest.MonkeyPatch) -> None:
    tie = {"ours": KEY, "verdict": "not testable", "reason": "other authorities"}
    row = verdict(monkeypatch, {"value": "1", "p": "", "n": ""}, tie, ours(1.0))
    assert (row.verdict, row.ours, row.reason) == ("not testable", 1.0, "other authorities")
    for wrong in ({"ours": KEY, "verdict": "not testable"}, {"reason": "no verdict"}):
        with pytest.raises(ValueError, match=r"say why|needs an estimate"):
            spec_with(wrong)


def test_a_wrong_choice_is_the_callers_to_mend() -> None:
    frame = "create schema studies; create table studies.rpt_inspection_impact__sample (la_code varchar)"
    con = duckdb.connect()
    con.execute(frame)
    with Marts(con) as marts, pytest.raises(ValueError, match="event years"):
        run_study(marts, load_spec("inspection_impact"), Choices(window="soon"))


def test_no_p_value_is_nought() -> None:
    (out,) = adjusted([ours(1.0, p_value=0.0)])
    assert out.p_value == 1e-300
    assert [p_in_words(p) for p in (1e-300, 0.0, 0.0321)] == ["< 1e-300", "< 1e-300", "0.0321"]


def test_marts_say_what_they_lack() -> None:
    con = duckdb.connect()
    con.execute("create schema studies; create table studies.rpt_x__sample (a integer)")
    with Marts(con) as marts:
        with pytest.raises(MartLacks, match="no column b"):
            marts.sample("x", ["a", "b"])
        with pytest.raises(MartLacks, match="no rows"):
            marts.sample("x", ["a"])
        with pytest.raises(MartLacks, match="lacks what is asked for"):
            marts.frame("select * from nowhere")


def test_results_are_written_exported_and_read_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = ours(0.5, n=87, reason="outturn")
    row = verdict(monkeypatch, {"value": "0.50", "p": "", "n": "87"}, KEY, one)
    database = tmp_path / "w.duckdb"
    for _ in range(2):
        write_results(database, [one, ours(None, method="x").__class__("s", "p", "q", "r", None, reason="no")], [row])
    with Marts(duckdb.connect(str(database), read_only=True)) as marts:
        table = marts.frame("select * from results.estimate order by study")
        assert table["verdict"].tolist() == ["reproduced", "not estimated"]
        assert table["published_value"].tolist()[0] == "0.50"
        assert table["ci_low"].isna().all()
        (again,) = read_scoreboard(marts)
    assert again.verdict == "reproduced"
    assert again.ours == 0.5
    for show in (*SHOW.values(), scoreboard_table):
        assert "reproduced" in show([again])
    names = {p.name for p in export_results(tmp_path / "out", [one], [row])}
    assert names == {"estimate.csv", "estimate.parquet", "scoreboard.csv", "scoreboard.parquet"}


def test_a_study_runs_again_only_where_its_answers_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = tmp_path / "w.duckdb"
    with duckdb.connect(str(database)) as con:
        con.execute("create schema marts; create table marts.a as select 1 as x; create table marts.b as select 1 as x")
    ran: list[str] = []

    def run_one(marts: Marts, spec: Spec, choices: Choices | None = None) -> list[Estimate]:
        ran.append(spec.study)
        table = "a" if spec.study < "inspection_j" else "b"
        value = float(marts.frame(f"select sum(x) as x from marts.{table}")["x"].iloc[0])
        return [Estimate(spec.study, "place", "statistic", "subject", value)]

    def results() -> list[tuple[object, ...]]:
        with duckdb.connect(str(database), read_only=True) as con:
            return con.execute("select study, value from results.estimate").fetchall()

    monkeypatch.setattr("analysis.studies.run.run_study", run_one)
    analyse_into(database)
    assert sorted(ran) == slugs()
    assert results() == [(s, 1.0) for s in slugs()]
    ran.clear()
    analyse_into(database)
    assert ran == []
    with duckdb.connect(str(database)) as con:
        con.execute("update marts.b set x = 2")
    analyse_into(database)
    assert sorted(ran) == [s for s in slugs() if s >= "inspection_j"]
    assert ran
    assert len(ran) < len(slugs())
    assert results() == [(s, 2.0 if s in ran else 1.0) for s in slugs()]
    with duckdb.connect(str(database), read_only=True) as con:
        assert con.execute("select count(*) from results.scoreboard").fetchone() == (len(published_figures()),)
        assert con.execute("select count(distinct study) from results.study_input").fetchone() == (len(slugs()),)


def test_choices_fall_back_on_the_pins() -> None:
    spec = load_spec("inspection_impact")
    assert Choices().are_the_papers
    assert Choices(as_of="2019-12-31").are_the_papers
    assert not Choices(framework="ilacs").are_the_papers
    assert Choices(framework="ilacs").filled(spec).window == spec.pins["window"]
