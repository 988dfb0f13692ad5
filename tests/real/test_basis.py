"""One series, one basis: the warehouse of the real returns held against the publishers' files, read by themselves."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from flows.common.settings import ROOT
from flows.outputs.comparability import comparability_page

pytestmark = pytest.mark.real


def rows(con: Any, sql: str) -> list[tuple[Any, ...]]:
    return list(con.execute(sql).fetchall())


def records(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from csv.DictReader(file)


def test_every_rate_is_its_count_over_one_population(real_warehouse: Any) -> None:
    """All rates of an authority and year, spend per child too, are over the same children; all years."""
    sql = """
        select
            f.la_code, f.year, max(p.value), count(*), min(f.denominator), max(f.denominator),
            max(abs(f.value - 10000 * c.value / p.value))
        from marts.fct_la_year_measure as f
        inner join marts.dim_measure as m using (measure_id)
        inner join marts.fct_la_year_measure as c
            on c.measure_id = split_part(m.computed_from, ' / ', 1) and f.la_code = c.la_code and f.year = c.year
        inner join marts.fct_la_year_measure as p
            on p.measure_id = 'population_0_17' and f.la_code = p.la_code and f.year = p.year
        where
            m.computed_from like '% / population_0_17' and f.value is not null and f.numerator is not null
            and f.denominator_basis not like 'as published%' and c.value is not null and not c.is_joint_return
        group by f.la_code, f.year
    """
    found = rows(real_warehouse, sql)
    assert len(found) > 2200
    assert {year for _, year, *_ in found} == set(range(2010, 2025))
    for la, year, population, _n, low, high, off in found:
        assert (low, high) == (population, population), (la, year)
        assert off < 1e-6, (la, year)
    per_child = rows(
        real_warehouse,
        """
        select max(abs(s.gbp_nominal_per_child - s.gbp_nominal / p.value))
        from marts.fct_la_year_spend as s inner join marts.fct_la_year_measure as p using (la_code, year)
        where p.measure_id = 'population_0_17' and s.gbp_nominal_per_child is not null
        """,
    )
    assert per_child[0][0] < 1e-6


def test_the_newest_release_rates_come_out_as_printed(real_warehouse: Any, real_returns: Path) -> None:
    """Of 2013 to 2024, by the release of 2024, authority by authority: to the last printed place."""
    standing = {
        (la, str(year)): value
        for la, year, value in rows(
            real_warehouse,
            "select la_code, year, value from marts.fct_la_year_measure "
            "where measure_id = 'cin_at_31_march_rate_per_10k' and value is not null",
        )
    }
    compared = 0
    file = real_returns / "dfe_cin" / "2024" / "b1_children_in_need_2013_to_2024.csv"
    for row in records(file):
        printed = next(v for k, v in row.items() if k.lower() == "at31_episodes_rate")
        if row["geographic_level"] != "Local authority" or not printed.replace(".", "").isdigit():
            continue
        key = (row["old_la_code"], row["time_period"])
        if key in standing:
            compared += 1
            assert abs(standing[key] - float(printed)) <= 0.0501, key
    assert compared > 1750


def test_a_line_through_2022_and_2023_is_no_change_of_populations(real_warehouse: Any) -> None:
    """Westminster's section 47 rate was printed as 108.3 and 184.5."""
    found = {
        year: (value, published)
        for year, value, published in rows(
            real_warehouse,
            "select year, value, published_value from marts.fct_la_year_measure "
            "where la_code = '213' and measure_id = 's47_enquiries_rate_per_10k'",
        )
    }
    assert [found[y][1] for y in (2022, 2023)] == [108.3, 184.5]
    assert found[2022][0] == pytest.approx(179.4, abs=0.1)
    assert found[2023][0] == 184.5


def test_every_change_of_population_estimates_is_listed(real_warehouse: Any) -> None:
    """From 2013 on only single authorities that once missed a return change; before, each year has its estimates."""
    whole = {y for (y,) in rows(real_warehouse, "select year from audit.rpt_basis_changes where authority_count >= 10")}
    assert whole == {2011, 2012, 2013}
    unlisted = """
        with series as (
            select
                measure_id, year, la_code, denominator_basis,
                lag(denominator_basis) over (partition by la_code, measure_id order by year) as previous_basis
            from marts.fct_la_year_measure where value is not null and denominator_basis is not null
        )
        select * from series
        anti join audit.rpt_basis_changes using (measure_id, year, previous_basis, denominator_basis)
        where previous_basis <> denominator_basis
    """
    assert rows(real_warehouse, unlisted) == []
    broken = rows(
        real_warehouse,
        "select distinct year from marts.dim_measure_break where kind = 'population' and not is_comparable",
    )
    assert {y for (y,) in broken} == whole


def test_england_has_the_children_that_its_newest_release_counts(real_warehouse: Any, real_returns: Path) -> None:
    printed = {}
    for file in (real_returns / "dfe_cla" / "2024").glob("*.csv"):
        for row in records(file):
            if "population_estimate" not in row:
                break
            if row["geographic_level"] == "National" and row["population_estimate"].isdigit():
                printed[int(row["time_period"])] = float(row["population_estimate"])
    assert len(printed) >= 5
    sql = """
        select year, sum(value) from marts.fct_la_year_measure
        where measure_id = 'population_0_17' group by year
    """
    ours = dict(rows(real_warehouse, sql))
    assert {y: ours[y] for y in printed} == printed


def test_england_lies_among_its_regions(real_warehouse: Any) -> None:
    outside = """
        with regions as (
            select measure_id, year, min(value) as low, max(value) as high
            from marts.fct_area_year_measure
            where area_level = 'regional' and area_name not in ('Inner London', 'Outer London') and value is not null
            group by all having count(*) >= 8
        )
        select measure_id, year, value, low, high
        from marts.fct_area_year_measure as e
        inner join regions using (measure_id, year)
        inner join marts.dim_measure using (measure_id)
        where area_level = 'national' and unit in ('pct', 'per_10k', 'score', 'ratio')
            and value not between low - 1e-9 and high + 1e-9
    """
    assert rows(real_warehouse, outside) == []
    editions = """
        select measure_id, year, count(distinct source || edition) as editions from marts.fct_area_year_measure
        where value is not null and area_name not in ('Inner London', 'Outer London') and source <> 'dfe_lait'
        group by all having count(*) >= 9 and editions > 1
    """
    assert len(rows(real_warehouse, editions)) <= 3


def test_inner_and_outer_london_are_sums_of_their_authorities_over_one_population(real_warehouse: Any) -> None:
    """The counts that the department prints for both are those of the authorities of ``area_part``, to the ten."""
    sql = """
        with authorities as (
            select p.area_name, f.measure_id, f.year, sum(f.value) as value, count(*) = count(f.value) as is_whole
            from marts.fct_la_year_measure as f inner join seeds.area_part as p using (la_code) group by all
        )
        select a.area_name, a.year, a.measure_id, a.value, s.value
        from marts.fct_area_year_measure as a inner join authorities as s using (area_name, measure_id, year)
        where a.measure_id in ('cin_at_31_march_count', 'cin_started_count', 'referrals_count') and s.is_whole
            and a.value is not null
    """
    found = rows(real_warehouse, sql)
    # Hackney's returns of 2021 and 2022 are missing, so that Inner London has two years fewer.
    assert len(found) == 3 * (10 + 12)
    assert [r for r in found if abs(r[3] - r[4]) > 5] == []
    rates = """
        select area_name, year, value, published_value, denominator, denominator_basis from marts.fct_area_year_measure
        where measure_id = 'cin_at_31_march_rate_per_10k' and area_name like '%London' and year >= 2013
        order by year, area_name
    """
    by_year: dict[int, dict[str, tuple[Any, ...]]] = {}
    for area, year, *figures in rows(real_warehouse, rates):
        by_year.setdefault(year, {})[area] = tuple(figures)
    assert set(by_year) == set(range(2013, 2025))
    for year, areas in by_year.items():
        inner, outer, whole = (areas[a] for a in ("Inner London", "Outer London", "London"))
        assert inner[2] + outer[2] == whole[2], year
        assert {a[3] for a in areas.values()} == {"dfe_cin 2024"}, year
        # A count to the ten over 640,000 children, and a rate of one decimal.
        assert max(abs(a[0] - a[1]) for a in areas.values()) < 0.13, year


def test_spend_groups_are_their_content_in_every_year(real_warehouse: Any) -> None:
    """England, gross, in millions of pounds, by group and financial year; from the lines of Table A1 alone."""
    sql = """
        select spend_group, year, round(sum(gbp_nominal) / 1e6) from marts.fct_la_year_spend
        where spend_return = 's251_outturn' and gross_or_net = 'gross'
            and spend_group in ('cla', 'safeguarding', 'other_families') and year between 2010 and 2013
        group by all
    """
    found = {(g, y): v for g, y, v in rows(real_warehouse, sql)}
    assert [found["cla", y] for y in range(2010, 2014)] == [3276, 3315, 3384, 3496]
    assert [found["safeguarding", y] for y in range(2010, 2014)] == [1868, 1943, 1966, 1966]
    assert [found["other_families", y] for y in range(2010, 2014)] == [112, 117, 101, 111]


def test_what_moved_is_what_the_workbook_of_2012_prints(real_warehouse: Any, real_returns: Path) -> None:
    """£301m of adoption and special guardianship, and £216m of strategy; every authority, to the pound."""
    from python_calamine import CalamineWorkbook

    file = next(real_returns.glob("dfe_s251_outturn/*/s251ye2012.xlsx"))
    book = CalamineWorkbook.from_path(str(file))
    sums: dict[str, float] = {}
    for name in book.sheet_names:
        head: list[str] = []
        for row in book.get_sheet_by_name(name).to_python():
            if "TotalExpenditure" in row:
                head = [str(c) for c in row]
                continue
            line = next((str(c) for c in row if str(c) in MOVED), None)
            if head and line and isinstance(row[head.index("TotalExpenditure")], int | float):
                sums[line] = sums.get(line, 0.0) + float(row[head.index("TotalExpenditure")])
    ours = dict(
        rows(
            real_warehouse,
            "select spend_group, sum(moved_gbp) from intermediate.int_spend__group "
            "where edition = '2012' and gross_or_net = 'gross' group by all",
        )
    )
    assert ours["cla"] == pytest.approx(sums[MOVED[0]] + sums[MOVED[1]], abs=1)
    assert ours["safeguarding"] == pytest.approx(sums[MOVED[2]], abs=1)
    assert (round(ours["cla"] / 1e6), round(ours["safeguarding"] / 1e6)) == (301, 216)
    assert ours["other_families"] == pytest.approx(-ours["cla"])


MOVED = ("Adoption services", "Special guardianship support", "Children's Services Strategy")


@pytest.mark.parametrize(("group", "growth"), [("cla", 3.95), ("safeguarding", 2.20)])
def test_growth_over_the_break_is_like_for_like(real_warehouse: Any, group: str, growth: float) -> None:
    sql = f"""
        with spend as (
            select la_code, year, max(gbp_nominal) as gbp from marts.fct_la_year_spend
            where spend_return = 's251_outturn' and spend_group = '{group}' and gross_or_net = 'gross' group by all
        )
        select 100 * median(b.gbp / a.gbp - 1) from spend as a
        inner join spend as b on a.la_code = b.la_code and b.year = a.year + 1 where a.year = 2012
    """
    assert rows(real_warehouse, sql)[0][0] == pytest.approx(growth, abs=0.01)


def test_nought_per_cent_of_nobody_does_not_apply(real_warehouse: Any) -> None:
    sql = """
        select count(*), count(value) from marts.fct_la_year_measure inner join marts.dim_measure using (measure_id)
        where unit in ('pct', 'per_10k') and fct_la_year_measure.denominator = 0
    """
    cells, values = rows(real_warehouse, sql)[0]
    assert cells > 50
    assert values == 0


def test_workbooks_are_put_right_by_the_reports(real_warehouse: Any) -> None:
    found = rows(
        real_warehouse,
        """
        select
            la_code, cast(publication_date as varchar), cast(inspection_date as varchar), inspection_type, care_leavers
        from marts.fct_inspection
        where la_code in ('315', '420', '860', '892') and framework = 'ilacs' and publication_date >= date '2022-01-01'
        order by la_code
        """,
    )
    assert found == [
        ("315", "2022-05-09", "2022-02-28", "short", None),
        ("420", "2023-08-25", "2023-07-11", "short", 3),
        ("860", "2024-01-12", "2023-11-06", "short", 3),
        ("892", "2022-09-05", "2022-07-11", "standard", None),
    ]


def test_report_and_workbook_agree_or_the_difference_is_listed(real_warehouse: Any) -> None:
    found = rows(
        real_warehouse,
        "select la_code, field, in_workbook, in_report, used from audit.rpt_report_and_workbook order by la_code",
    )
    assert found == [
        ("315", "inspection_type", "standard", "short", "report"),
        ("420", "inspection_date", "2023-07-10", "2023-07-11", "report"),
        ("830", "publication_date", "2019-09-19", "2019-08-08", "workbook"),
        ("860", "care_leavers", "2", "3", "report"),
        ("869", "publication_date", "2015-05-18", "2015-05-13", "workbook"),
        ("892", "publication_date", "2022-11-05", "2022-09-05", "report"),
    ]
    differing = """
        select split_part(figure, '_agrees', 1), file from audit.rpt_report_quality_exceptions
        where figure like '%_agrees'
        except
        select field, citation from audit.rpt_report_and_workbook
    """
    # The day on which Scilly's inspection began is settled by a correction, whose citation is the report's page.
    assert [f for f, _ in rows(real_warehouse, differing) if f != "first_day"] == []


def test_the_page_of_comparability_is_of_this_warehouse(real_warehouse: Any) -> None:
    page = ROOT / "docs" / "comparability.md"
    assert comparability_page(real_warehouse) == page.read_text(encoding="utf-8"), "make comparability"
