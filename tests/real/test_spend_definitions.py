"""Spending by the definitions on which two outside panels agree, authority by authority, 2009-10 to 2018-19.

Two research teams' panels give, for gross spending by section 251: safeguarding as safety and strategy in 2009-10 (as
145 of 151 of their authorities have it), with commissioning and social work in 2010-11 (39 of 39, and 150 of 151),
services for young people of 2010-11 as the total whose line the workbook calls *Unknown* (150 of 151), and the total
including capital charged to revenue of 2010-11 (39 of 39). The panels themselves are not held, so their own counts
cannot be tested again. What can be is that the warehouse follows these definitions for every authority to the pound:
each is summed here from the lines of the department's workbooks, which nothing of the project reads for this.
"""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.real

#: Group and year → the lines of Table A1 whose gross expenditure makes it; other years have one total of the name.
LINES = {
    ("safeguarding", 2010): ("total children and young people's safety", "total children's services strategy"),
    ("safeguarding", 2011): (
        "total children and young people's safety",
        "commissioning and social work",
        "total children's services strategy",
    ),
    ("safeguarding", 2012): (
        "total children and young people's safety/children social care",
        "children's services strategy",
    ),
}
NAMED = {
    "safeguarding": re.compile(r"total safeguarding children and young people'?s services"),
    "young_people": re.compile(r"total services for young people|unknown"),
    "total": re.compile(r".*children and young people's services (budget|expenditure) ?\(excluding cera\)"),
    "total_including_cera": re.compile(
        r".*children and young people's services (budget|expenditure) ?\(including cera\)"
    ),
}
#: England, thousands of pounds, added up from the workbooks alone by their ten years.
ENGLAND = {
    "safeguarding": (
        1868435, 1942944, 1966071, 1965569, 2026366, 2122368, 2226843, 2334268, 2346796, 2441309,
    ),
    "young_people": (None, 1184122, 876608, 815910, 712771, 627070, 527980, 447532, 415926, 397920),
    "total": (6555911, 9243140, 8633756, 8875307, 8926655, 8933022, 9012317, 9158399, 9359863, 9854910),
    "total_including_cera": (
        6561727, 9264093, 8646907, 8884951, 8987167, 9055877, 9138012, 9179309, 9392019, 9878064,
    ),
}  # fmt: skip
YEARS = range(2010, 2020)


@cache
def printed(file: Path) -> dict[str, dict[str, float]]:
    """Line of a workbook's Table A1, in lower case without its number → authority → gross expenditure in pounds."""
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_path(str(file))
    sheet = book.get_sheet_by_name(book.sheet_names[0]).to_python()
    at = next(i for i, row in enumerate(sheet) if {"LA", "LEA"} & {str(c) for c in row})
    head = [str(c).strip() for c in sheet[at]]
    code = next(i for i, c in enumerate(head) if c in ("LA", "LEA"))
    line = next(i for i, c in enumerate(head) if c in ("CYPServiceDescription", "Description", "S52 Line Reference"))
    gross = next(i for i, c in enumerate(head) if c.replace(" ", "").startswith("TotalExpenditure"))
    out: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for row in sheet[at + 1 :]:
        authority, pounds = row[code], row[gross]
        if isinstance(authority, int | float) and isinstance(pounds, int | float):
            name = re.sub(r"^[\d.]+\s*", "", " ".join(str(row[line]).split())).lower()
            out[name][str(int(authority))] += float(pounds)
    return out


def defined(lines: dict[str, dict[str, float]], group: str, year: int) -> dict[str, float]:
    """A group of one year by its definition: authority → pounds."""
    names = LINES.get((group, year)) or [name for name in lines if NAMED[group].fullmatch(name)]
    out: dict[str, float] = defaultdict(float)
    for name in names:
        for code, pounds in lines[name].items():
            out[code] += pounds
    return dict(out)


@pytest.mark.parametrize("year", YEARS)
def test_every_authority_has_the_spending_that_the_panels_definitions_give(
    real_warehouse: Any, real_returns: Path, year: int
) -> None:
    (file,) = real_returns.glob(f"dfe_s251_outturn/*/[sS]251ye{year}.*")
    lines = printed(file)
    for group, england in ENGLAND.items():
        sql = (
            "select la_code, gbp_nominal from marts.fct_la_year_spend where spend_return = 's251_outturn' "
            f"and gross_or_net = 'gross' and spend_group = '{group}' and year = {year} and gbp_nominal is not null"
        )
        ours = dict(real_warehouse.execute(sql).fetchall())
        theirs = defined(lines, group, year)
        if england[year - 2010] is None:
            assert (ours, theirs) == ({}, {})
            continue
        assert len(theirs) == 152
        assert {
            code for code in theirs.keys() | ours.keys() if abs(ours.get(code, 0) - theirs.get(code, 0)) > 1
        } == set()
        assert round(sum(ours.values()) / 1000) == england[year - 2010]
