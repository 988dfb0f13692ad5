"""Benchmarks of the real returns against a few lines of pandas on what the department published."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

pytestmark = pytest.mark.real

REFERRALS = "dfe_cin/2024/c1_children_in_need_referrals_and_rereferrals_2013_to_2024.csv"
NEIGHBOURS = "dfe_statistical_neighbours/2021/New_Statistical_Neighbour_Groupings_April_2021.csv"
MEASURE = "rereferrals_pct"


@pytest.fixture(scope="module")
def printed(real_returns: Path) -> pd.DataFrame:
    """The file: a row per area and year, the share of re-referrals as a number."""
    raw = pd.read_csv(real_returns / REFERRALS, dtype=str)
    raw["year"] = raw["time_period"].astype(int)
    raw["value"] = pd.to_numeric(raw["Re_referrals_percent"], errors="coerce")
    return raw


@pytest.fixture(scope="module")
def neighbours(real_returns: Path) -> dict[str, list[str]]:
    """The ten neighbours of each authority, as printed."""
    raw = pd.read_csv(real_returns / NEIGHBOURS, dtype=str, encoding="utf-8-sig").dropna(subset=["LA num"])
    return {r["LA num"].strip(): [str(r[f"SN{n}"]).strip() for n in range(1, 11)] for _, r in raw.iterrows()}


@pytest.fixture(scope="module")
def ours(real_warehouse: Any) -> pd.DataFrame:
    sql = f"select * from marts.fct_la_year_benchmark where measure_id = '{MEASURE}' and year >= 2013"
    return pd.DataFrame(real_warehouse.execute(sql).df())


def of_year(printed: pd.DataFrame, year: int) -> pd.Series[Any]:
    """Values of authorities in a year, by the department's code."""
    rows = printed[(printed["geographic_level"] == "Local authority") & (printed["year"] == year)]
    values = rows.set_index("old_la_code")["value"].dropna()
    return values[~values.index.duplicated()]


@pytest.mark.parametrize("year", [2013, 2016, 2020, 2021, 2024])
def test_england_ranks_and_quartiles(printed: pd.DataFrame, ours: pd.DataFrame, year: int) -> None:
    values, mine = of_year(printed, year), ours[ours["year"] == year].set_index("la_code")
    national = printed[(printed["geographic_level"] == "National") & (printed["year"] == year)]["value"].item()
    ranks = values.rank(method="min")
    cuts = [values.quantile(q) for q in (0.25, 0.5, 0.75)]
    assert len(values) > 140
    for code, row in mine.iterrows():
        assert row["england_value"] == national
        assert row["england_median"] == pytest.approx(values.median())
        assert row["authorities_in_england"] == len(values)
        if code in values.index:
            assert row["rank_in_england"] == ranks[code], code
            assert row["quartile_in_england"] == 1 + sum(values[code] > c for c in cuts), code
        else:
            assert row["value_status"] != "reported"
            assert pd.isna(row["rank_in_england"])
            assert pd.isna(row["quartile_in_england"])
    assert set(values.index) <= set(mine.index)


@pytest.mark.parametrize("year", [2013, 2024])
def test_regions(printed: pd.DataFrame, ours: pd.DataFrame, year: int) -> None:
    regional = printed[(printed["geographic_level"] == "Regional") & (printed["year"] == year)]
    by_name = regional.set_index("region_name")["value"]
    places = printed[printed["geographic_level"] == "Local authority"]
    places = places[places["year"] == year].assign(
        region=lambda f: f["region_name"].replace({"Inner London": "London", "Outer London": "London"})
    )
    mine = ours[ours["year"] == year].set_index("la_code")
    for region, members in places.groupby("region"):
        values = members.set_index("old_la_code")["value"].dropna()
        for code in values.index:
            row = mine.loc[code]
            assert row["region_value"] == by_name[region]
            assert row["region_median"] == pytest.approx(values.median())
            assert row["authorities_in_region"] == len(values)
            assert row["rank_in_region"] == values.rank(method="min")[code]


@pytest.mark.parametrize("year", [2016, 2024])
def test_neighbours(printed: pd.DataFrame, ours: pd.DataFrame, neighbours: dict[str, list[str]], year: int) -> None:
    values, mine = of_year(printed, year), ours[ours["year"] == year].set_index("la_code")
    compared = 0
    for code, row in mine.iterrows():
        near = values.reindex(neighbours.get(str(code), [])).dropna()
        assert row["neighbour_count"] == len(near), code
        if len(near):
            assert row["neighbour_edition"] == "2021"
            assert row["neighbour_median"] == pytest.approx(near.median())
        if len(near) and code in values.index:
            assert row["rank_among_neighbours"] == 1 + (near < values[code]).sum()
            compared += 1
    assert compared > 140


def test_changes(printed: pd.DataFrame, ours: pd.DataFrame) -> None:
    now, mine = of_year(printed, 2024), ours[ours["year"] == 2024].set_index("la_code")
    for column, before in (("change_1_year", of_year(printed, 2023)), ("change_5_years", of_year(printed, 2019))):
        change = (now - before).dropna()
        assert len(change) > 140
        found = mine[column].dropna()
        assert set(found.index) == set(change.index)
        assert (found - change).abs().max() < 1e-6


def test_no_change_is_given_across_a_break(real_warehouse: Any) -> None:
    """What breaks, and when, is said once: in the table of breaks."""
    rows = real_warehouse.execute(
        "select measure_id, year, change_1_year, change_5_years, series_break_year from marts.fct_la_year_benchmark"
    ).df()
    broken = real_warehouse.execute(
        "select measure_id, year as broken from marts.dim_measure_break where not is_comparable"
    ).df()
    both = rows.merge(broken, on="measure_id")
    for column, back in (("change_1_year", 1), ("change_5_years", 5)):
        across = (both["broken"] <= both["year"]) & (both["broken"] > both["year"] - back)
        assert across.sum() > 1000
        assert both.loc[across, column].isna().all()
        assert rows[column].count() > 100_000
    said = both[(both["broken"] <= both["year"]) & (both["broken"] > both["year"] - 5)]
    newest = said.groupby(["measure_id", "year"])["broken"].max()
    told = rows.dropna(subset="series_break_year").drop_duplicates(["measure_id", "year"])
    assert told.set_index(["measure_id", "year"])["series_break_year"].astype(int).to_dict() == newest.to_dict()


def test_an_authority_that_began_has_no_change_and_one_that_ended_no_rank(ours: pd.DataFrame) -> None:
    cumberland = ours[(ours["la_code"] == "942") & (ours["year"] == 2024)].iloc[0]
    assert cumberland["rank_in_england"] > 0
    assert pd.isna(cumberland["change_1_year"])
    # The model of 2021 does not know it yet.
    assert cumberland["neighbour_count"] == 0
    assert ours[(ours["la_code"] == "909") & (ours["year"] == 2024)].empty
    assert ours[(ours["la_code"] == "909") & (ours["year"] == 2023)]["rank_in_england"].notna().all()


def test_a_joint_return_is_one_figure(real_warehouse: Any) -> None:
    sql = """
        select year, max(authorities_in_england), count(value), count(*) filter (where is_joint_return)
        from marts.fct_la_year_benchmark
        where measure_id = 'agency_rate_pct' and is_joint_return is not null
        group by year having count(*) filter (where is_joint_return) > 0
    """
    found = real_warehouse.execute(sql).fetchall()
    assert found
    for year, counted, reported, joint in found:
        assert counted == reported - joint // 2, year


def test_what_the_primary_withholds_and_lait_prints_is_said(real_warehouse: Any) -> None:
    sql = """
        select primary_status, count(*) from marts.fct_la_year_measure
        where is_secondary and primary_status is not null group by 1
    """
    assert dict(real_warehouse.execute(sql).fetchall())["suppressed"] == 596
    sql = "select count(*) from marts.fct_la_year_measure where is_secondary <> (source = 'dfe_lait')"
    assert real_warehouse.execute(sql).fetchone() == (0,)


def test_everybody_has_at_most_one_newest_inspection(real_warehouse: Any) -> None:
    sql = """
        select count(*), count(distinct la_code), max(publication_date), count(*) filter (where overall_grade is null)
        from marts.fct_inspection where is_latest
    """
    rows, authorities, newest, without = real_warehouse.execute(sql).fetchone()
    assert rows == authorities
    every = real_warehouse.execute("select count(distinct la_code), max(publication_date) from marts.fct_inspection")
    assert (authorities, newest) == every.fetchone()
    assert without <= 2
