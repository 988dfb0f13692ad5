"""The analytic samples say what their columns' names say: held against the marts they are drawn from."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from analysis.studies.inspection_impact.panel import measures
from analysis.studies.spec import load_spec


@pytest.fixture(scope="module")
def warehouse(sample_run: Any) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(sample_run.database), read_only=True) as con:
        yield con


ON_TIME = {
    "icpc_overdue_pct": ["icpc_within_15_days_pct"],
    "cpp_reviews_overdue_pct": ["cpp_reviews_on_time_pct"],
    "assessments_overdue_pct": ["assessments_within_45_days_pct", "core_assessments_within_35_days_pct"],
}
OVERDUE = [("inspection_factors", column) for column in ON_TIME]
OVERDUE += [("performance_indicators", column) for column in list(ON_TIME)[1:]]


@pytest.mark.parametrize(("study", "column"), OVERDUE)
def test_overdue_is_what_is_left_of_on_time(warehouse: Any, study: str, column: str) -> None:
    """Neither on time itself, nor another year's: the published percentage of the row's own authority and year."""
    sources = ON_TIME[column] if study == "inspection_factors" else ON_TIME[column][:1]
    on_time = ", ".join(f"max(value) filter (where measure_id = '{m}')" for m in sources)
    n, wrong, lopsided = warehouse.execute(
        f"""
        with published as (
            select la_code, year, coalesce({on_time}) as on_time
            from marts.fct_la_year_measure group by la_code, year
        )
        select
            count({column}),
            count(*) filter (where {column} is distinct from 100 - on_time),
            count(*) filter (where abs({column} - on_time) > 1)
        from studies.rpt_{study}__sample
        left join published using (la_code, year)
        """
    ).fetchone()
    assert n > 300
    assert wrong == 0
    assert lopsided > n / 2  # or "overdue" and "on time" could not be told apart


@pytest.mark.parametrize(
    ("study", "offset"),
    [("inspection_factors", "lag"), ("performance_indicators", "lag"), ("inspection_impact", "event_year")],
)
def test_the_year_before_is_before(warehouse: Any, study: str, offset: str) -> None:
    """A row's year, from the date of publication alone: 1 April begins a reporting year, named by its end."""
    by_basis = "" if study == "performance_indicators" else "where basis = 'publication'"
    found = warehouse.execute(
        f"""
        select
            {offset},
            year - (year(publication_date) + cast(month(publication_date) >= 4 as integer)) as years_from_inspection,
            count(*)
        from studies.rpt_{study}__sample {by_basis}
        group by all
        """
    ).fetchall()
    assert {lag for lag, _years, _n in found} >= {-1, 0}
    assert [(lag, years) for lag, years, _n in found if lag != years] == []


def test_the_year_before_carries_its_own_figures(warehouse: Any) -> None:
    """What is at lag -1 is the figure of the year before in the long table, not of the year after."""
    wrong, telling = warehouse.execute(
        """
        with published as (
            select la_code, year, value from marts.fct_la_year_measure where measure_id = 'rereferrals_pct'
        )
        select
            count(*) filter (where sample.rereferrals_pct is distinct from before.value),
            count(*) filter (where before.value is distinct from after.value)
        from studies.rpt_inspection_factors__sample as sample
        left join published as before
            on sample.la_code = before.la_code
            and before.year = year(publication_date) + cast(month(publication_date) >= 4 as integer) - 1
        left join published as after on sample.la_code = after.la_code and after.year = before.year + 2
        where lag = -1 and basis = 'publication'
        """
    ).fetchone()
    assert wrong == 0
    assert telling > 200


def test_money_of_the_impact_study_is_in_prices_of_2019(warehouse: Any) -> None:
    """The paper's base year: in it, and in no other, real is nominal."""
    spec = load_spec("inspection_impact")
    money = [m.column for m in measures(spec, "gdp") if m.group == "spend"]
    assert len(money) == 4
    for column in money:
        group = column.split("_gross_")[0]
        gap = dict(
            warehouse.execute(
                f"""
                select year, max(abs({column} / nominal.per_child - 1))
                from studies.rpt_inspection_impact__sample
                join (
                    -- Per child as published at the time, as in the sample.
                    select la_code, year, max(gbp_nominal) / any_value(published_value) as per_child
                    from marts.fct_la_year_spend
                    inner join marts.fct_la_year_measure using (la_code, year)
                    where spend_group = '{group}' and gross_or_net = 'gross' and measure_id = 'population_0_17'
                    group by all
                ) as nominal using (la_code, year)
                where nominal.per_child > 0 and {column} is not null
                group by year
                """
            ).fetchall()
        )
        assert gap[2019] < 1e-9
        assert min(value for year, value in gap.items() if year != 2019) > 0.005
