"""What the published warehouse must say of Ofsted's inspections when it is built from the real returns.

The published figures are those of the study of inspection impact (introduction, table 1 and methods). Authorities are
the 152 of March 2019.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

AUTHORITIES_2019 = """
    select la_code from marts.dim_local_authority
    where coalesce(valid_from, date '2009-01-01') <= date '2019-03-31'
        and coalesce(valid_to, date '9999-12-31') >= date '2019-03-31'
"""

#: The study covers 2009 to 2019 and cites Ofsted's data of 2019. Between 17 May and 18 September 2019 nothing was
#: published that moves either figure; the end of August lies in between.
STUDY_ENDS = "2019-08-31"


def rows(warehouse: Any, sql: str) -> list[tuple[Any, ...]]:
    """All rows of a query."""
    return list(warehouse.execute(sql).fetchall())


def test_first_sif_inspections_split_as_the_study_has_them(real_warehouse: Any) -> None:
    found = rows(
        real_warehouse,
        """
        select f.outcome_group, count(*)
        from marts.fct_inspection as f
        inner join marts.dim_local_authority as a using (la_code)
        where f.framework = 'sif' and f.is_first_in_framework and not a.is_excluded_from_studies
        group by all
        """,
    )
    assert dict(found) == {"good_or_outstanding": 52, "requires_improvement": 65, "inadequate": 33}


@pytest.mark.parametrize(
    ("framework", "judgements"),
    [
        ("slac", {1: 5, 2: 57, 3: 66, 4: 24}),
        ("cpi", {2: 4, 3: 29, 4: 17}),
        ("tlac", {3: 1, 4: 4}),
        ("sif", {1: 3, 2: 51, 3: 65, 4: 33}),
        ("ilacs", {1: 24, 2: 60, 3: 50, 4: 20}),
    ],
)
def test_first_inspections_by_framework(real_warehouse: Any, framework: str, judgements: dict[int, int]) -> None:
    found = rows(
        real_warehouse,
        f"""
        select overall_judgement, count(*)
        from marts.fct_inspection
        where framework = '{framework}' and is_first_in_framework
        group by all
        """,
    )
    assert dict(found) == judgements


def test_more_than_half_were_good_in_the_first_two_years_of_ilacs(real_warehouse: Any) -> None:
    ((good, inspected),) = rows(
        real_warehouse,
        """
        select count(*) filter (where outcome_group = 'good_or_outstanding'), count(*)
        from marts.fct_inspection
        where framework = 'ilacs' and publication_date < date '2020-01-01'
        """,
    )
    assert good / inspected > 0.5


def test_66_of_152_were_ever_inadequate(real_warehouse: Any) -> None:
    """SLAC had two overall judgements; the study's 66 counts either (with safeguarding alone it is 65)."""
    ((found,),) = rows(
        real_warehouse,
        f"""
        select count(distinct la_code)
        from marts.fct_inspection
        where la_code in ({AUTHORITIES_2019})
            and publication_date <= date '{STUDY_ENDS}'
            and (overall_judgement = 4 or (framework = 'slac' and children_looked_after = 4))
        """,
    )
    assert found == 66


def test_26_of_152_were_never_below_good(real_warehouse: Any) -> None:
    """By the overall judgement, which in SLAC is that of safeguarding (with its other one it is 25)."""
    ((found,),) = rows(
        real_warehouse,
        f"""
        select count(*)
        from (
            select la_code
            from marts.fct_inspection
            where la_code in ({AUTHORITIES_2019}) and publication_date <= date '{STUDY_ENDS}'
            group by la_code
            having max(overall_judgement) <= 2
        )
        """,
    )
    assert found == 26


def timelines() -> Iterator[tuple[str, list[str]]]:
    """Authorities whose history is easily got wrong, and what it is."""
    yield "835", ["835-slac-2011-10-28", "835-sif-2016-05-23"]
    yield "838", ["838-ilacs-2021-11-19"]
    yield "837", ["837-slac-2011-04-08", "837-sif-2014-06-30", "837-ilacs-2018-08-24"]
    yield "839", ["839-ilacs-2022-02-11"]
    yield (
        "928",
        [
            "928-slac-2011-05-06",
            "928-cpi-2013-03-20",
            "928-tlac-2013-08-23",
            "928-sif-2016-04-27",
            "928-ilacs-2019-07-29",
        ],
    )
    yield "940", ["940-ilacs-2022-11-25"]
    yield (
        "909",
        [
            "909-slac-2012-05-29",
            "909-cpi-2013-06-24",
            "909-sif-2015-05-13",
            "909-sif-2018-01-29",
            "909-ilacs-2022-11-15",
        ],
    )
    yield "942", []
    yield (
        "886",
        [
            "886-slac-2010-11-19",
            "886-cpi-2013-01-15",
            "886-tlac-2013-08-23",
            "886-sif-2017-06-13",
            "886-ilacs-2022-07-05",
        ],
    )


@pytest.mark.parametrize(("la_code", "inspections"), list(timelines()))
def test_inspections_stay_with_the_authority_that_was_inspected(
    real_warehouse: Any, la_code: str, inspections: list[str]
) -> None:
    found = rows(
        real_warehouse,
        f"select inspection_id from marts.fct_inspection where la_code = '{la_code}' order by publication_date",
    )
    assert [r[0] for r in found] == inspections


def test_the_two_halves_of_a_slac_re_inspection_are_one(real_warehouse: Any) -> None:
    found = rows(
        real_warehouse,
        """
        select inspection_type, overall_judgement, children_looked_after
        from marts.fct_inspection
        where inspection_id = '908-slac-2011-02-25'
        """,
    )
    assert found == [("re_inspection", 4, 3)]


def test_publication_follows_the_inspection(real_warehouse: Any) -> None:
    """By where the date comes from: Ofsted's workbooks, and the reports themselves where those have none."""
    found = rows(
        real_warehouse,
        """
        select
            inspection_date_source, count(*),
            min(publication_date - inspection_date), max(publication_date - inspection_date)
        from marts.fct_inspection where inspection_date is not null
        group by 1 order by 1
        """,
    )
    # One of the reports is of an inspection that no workbook lists yet.
    assert found == [("official", 194, 22, 156), ("report", 175, 39, 158)]
