"""The worked questions of docs/using_the_data.md on sample and real returns, against the files themselves."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows.common.settings import ROOT
from tests.docs import raw_answers
from tests.installation import Installation

PAGE = (ROOT / "docs" / "using_the_data.md").read_text(encoding="utf-8")
QUESTIONS: dict[str, str] = dict(re.findall(r"^\*\*(.*?)\*\*\n\n```sql\n(.*?)```", PAGE, re.DOTALL | re.MULTILINE))


def sql(begins: str) -> str:
    """The answer to the question that begins so."""
    (found,) = [text for question, text in QUESTIONS.items() if question.startswith(begins)]
    return found


def test_there_are_fifteen_and_each_is_short() -> None:
    assert len(QUESTIONS) == 15
    assert all(len(text.strip().splitlines()) <= 8 for text in QUESTIONS.values())


class Answers:
    """Every question asked of one warehouse, beside what the returns that it was made from say."""

    returns: Path
    con: duckdb.DuckDBPyConnection

    def ask(self, begins: str) -> list[tuple[Any, ...]]:
        return self.con.execute(sql(begins)).fetchall()

    def test_every_question_has_an_answer(self) -> None:
        for question, text in QUESTIONS.items():
            assert self.con.execute(text).fetchall(), question

    def test_where_do_we_stand(self) -> None:
        found = self.ask("Where do we stand")
        assert [tuple(map(float, r)) for r in found] == [
            pytest.approx(tuple(map(float, r))) for r in raw_answers.where_we_stand(self.returns)
        ]

    def test_the_worst_quarter(self) -> None:
        found = {r[0]: r[1:] for r in self.ask("In which measures")}
        assert all(rank > 0.7 * of for _, _, _, rank, of in found.values())
        here = raw_answers.where_we_stand(self.returns)[-1]
        label = "Re-referrals within 12 months, % of referrals"
        assert (label in found) == (here[-1] == 4)
        if label in found:
            assert found[label][:2] == (2024, pytest.approx(here[1]))

    def test_who_has_moved_most(self) -> None:
        found = [r[1:] for r in self.ask("Who has moved most")]
        assert found == [pytest.approx(r) for r in raw_answers.moved_most(self.returns)]

    def test_since_the_inspection(self) -> None:
        latest = "select year_by_publication from marts.fct_inspection where is_latest and la_code = '383'"
        (year,) = self.con.execute(latest).fetchone() or (None,)
        found = [r for r in self.ask("What has changed") if r[0] != "cla_at_31_march_count"]
        assert found == [pytest.approx(r) for r in raw_answers.since_the_inspection(self.returns, year)]

    def test_what_is_withheld(self) -> None:
        found = self.ask("What is withheld")
        assert sum(n for status, _, n in found if status == "suppressed") == raw_answers.withheld(self.returns)

    def test_how_many_are_looked_after(self) -> None:
        found = {year: value for year, value, _ in self.ask("How many children are looked after")}
        assert {y: v for y, v in found.items() if y >= 2020} == dict(raw_answers.looked_after_in_england(self.returns))

    def test_regions(self) -> None:
        found = [tuple(r) for r in self.ask("How far apart")]
        assert [r[0] for r in found] == [r[0] for r in raw_answers.regions(self.returns)]
        assert [r[1:] for r in found] == [pytest.approx(r[1:]) for r in raw_answers.regions(self.returns)]

    def test_spending_per_child(self) -> None:
        found = {year: (paid, real) for year, paid, real in self.ask("What is spent per child")}
        people = dict(
            self.con.execute(
                "select la_code, value from marts.fct_la_year_measure "
                "where measure_id = 'population_0_17' and year = 2018 and value is not null"
            ).fetchall()
        )
        total = {c: v for c, v in raw_answers.spending(self.returns)["total"].items() if c in people}
        assert found[2018][0] == round(sum(total.values()) / sum(people[c] for c in total))
        assert found[2018][1] > found[2018][0]

    def test_the_share_of_looked_after(self) -> None:
        found = [share for _, share in self.ask("Of what each authority spends")]
        assert found == pytest.approx(raw_answers.share_of_looked_after(self.returns))

    def test_who_leans_on_agencies(self) -> None:
        found = [(value, england) for _, _, value, england, _ in self.ask("Who leans most")]
        assert len(found) == 10
        # Of a joint return both members are shown, and both have the figure that the file prints once.
        assert {v for v, _ in found} <= {v for v, _ in raw_answers.agency(self.returns)}
        assert {e for _, e in found} == {e for _, e in raw_answers.agency(self.returns)}
        assert found[0] == raw_answers.agency(self.returns)[0]

    def test_a_series_across_a_reorganisation(self) -> None:
        found = {year: value for year, value, *_ in self.ask("A series across")}
        united = raw_answers.united(self.returns)
        assert {y: found[y] for y in united} == united
        assert min(found) == 2010

    def test_around_an_inspection(self) -> None:
        import pandas as pd

        found = {(g, e): (plans, n) for g, e, plans, n in self.ask("How many child protection plans")}
        first = self.con.execute(
            "select la_code, outcome_group, year_by_publication from marts.fct_inspection "
            "where framework = 'sif' and is_first_in_framework and outcome_group is not null"
        ).df()
        plans = self.con.execute(
            "select la_code, year, value from marts.fct_la_year_measure where measure_id = 'cpp_at_31_march_count'"
        ).df()
        for event in (-2, 0, 2):
            moved = first.assign(year=first["year_by_publication"] + event).merge(plans, on=["la_code", "year"])
            for group, values in moved.groupby("outcome_group")["value"]:
                values = pd.Series(values).dropna()
                assert found[str(group), event] == (pytest.approx(values.median()), len(values))


class TestSample(Answers):
    @pytest.fixture(autouse=True)
    def _asked(self, published: Installation) -> Any:
        self.returns = published.returns
        with duckdb.connect(str(published.settings.published), read_only=True) as self.con:
            yield

    def test_grades_add_up(self) -> None:
        holders = sum(n for _, n in self.ask("How many authorities hold"))
        sql = "select count(*) from marts.fct_authority_summary where is_current and overall_judgement is not null"
        assert self.con.execute(sql).fetchone() == (holders,)


@pytest.mark.real
class TestReal(Answers):
    @pytest.fixture(autouse=True)
    def _asked(self, real_returns: Path, real_warehouse: duckdb.DuckDBPyConnection) -> None:
        self.returns, self.con = real_returns, real_warehouse

    def test_grades_and_who_is_inadequate(self) -> None:
        """The workbook of March 2024, but for what reports have brought since."""
        listed = raw_answers.ilacs(self.returns)
        since = {
            name
            for (name,) in self.con.execute(
                "select la_name from marts.fct_authority_summary inner join marts.fct_inspection using (inspection_id) "
                "where source_of_judgement = 'report'"
            ).fetchall()
        }
        stays = listed[~listed["name"].isin(since)]
        words = {"Requires improvement to be good": "Requires improvement"}
        grades = stays["grade"].replace(words).value_counts().to_dict()
        found = dict(self.ask("How many authorities hold"))
        assert sum(abs(found[g] - n) for g, n in grades.items()) <= len(since)
        inadequate = {(n, d) for n, d, _ in self.ask("Who is inadequate") if n not in since}
        told = stays[stays["grade"] == "Inadequate"]
        # One day of the workbook is a slip, corrected by the report: Nottingham's of 2022.
        corrected = {date(2022, 11, 5): date(2022, 9, 5)}
        assert {d for _, d in inadequate} == {corrected.get(d, d) for d in told["day"]}
        assert len(inadequate) == len(told)

    def test_who_has_waited_longest(self) -> None:
        listed = raw_answers.ilacs(self.returns).sort_values("day")
        found = [day for _, day, *_ in self.ask("Who has waited longest")]
        assert found == sorted(found)
        assert found[:5] == list(listed["day"])[:5]
