"""When a return is due: by the server's word, by the cadence, and when that is past."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from flows.common.settings import Settings
from flows.landing.land import land_returns
from flows.landing.withdrawal import withdraw
from flows.outputs.status import SourceStatus, status
from tests.made_up import B1_NAME, b1, put


def of_cin(settings: Settings, today: date) -> SourceStatus:
    return next(s for s in status(settings, today).sources if s.source == "dfe_cin")


@pytest.fixture
def landed(settings: Settings, tmp_path: Path) -> Settings:
    """Children in need of 2022, published on 27 October 2022."""
    put(tmp_path / "in", B1_NAME, b1())
    land_returns(settings, tmp_path / "in", workers=1)
    return settings


def server_says(settings: Settings, next_release: str, failed: str = "") -> None:
    settings.live.mkdir(parents=True, exist_ok=True)
    said = {
        "sources": {"dfe_cin": {"asked": "2023-10-02T08:30:00+00:00", "next_release": next_release, "failed": failed}}
    }
    (settings.live / "state.json").write_text(json.dumps(said))


@pytest.mark.parametrize(
    ("today", "is_overdue"), [(date(2023, 10, 1), False), (date(2023, 10, 31), False), (date(2023, 11, 1), True)]
)
def test_by_the_cadence_it_is_due_a_year_later_in_its_month(landed: Settings, today: date, is_overdue: bool) -> None:
    found = of_cin(landed, today)
    assert found.next_expected is not None
    assert (str(found.next_expected), found.next_expected.by_server) == ("Oct 2023", False)
    assert found.is_overdue is is_overdue


@pytest.mark.parametrize(
    ("said", "shown", "last_day"),
    [
        ("2023", "2023", date(2023, 12, 31)),
        ("2023-11", "Nov 2023", date(2023, 11, 30)),
        ("2023-12", "Dec 2023", date(2023, 12, 31)),
        ("2023-10-26", "26 Oct 2023", date(2023, 10, 26)),
    ],
)
def test_the_servers_word_goes_before_as_exact_as_it_is(
    landed: Settings, said: str, shown: str, last_day: date
) -> None:
    server_says(landed, said)
    found = of_cin(landed, last_day)
    assert found.next_expected is not None
    assert (str(found.next_expected), found.next_expected.by_server) == (shown, True)
    assert not found.is_overdue
    assert of_cin(landed, date(2024, 1, 1)).is_overdue
    assert "* as the publisher's server says" in status(landed, last_day).text()


@pytest.mark.parametrize("said", ["2022-10-27", "2022-10"])
def test_a_word_that_the_newest_edition_is_past_counts_for_nothing(landed: Settings, said: str) -> None:
    """Also of a month, whatever day in it the edition came."""
    server_says(landed, said)
    found = of_cin(landed, date(2023, 1, 1))
    assert found.next_expected is not None
    assert str(found.next_expected) == "Oct 2023"


def test_trouble_and_what_has_no_server_are_said(landed: Settings) -> None:
    server_says(landed, "", "the server answers 503 (asked 5 times).\nand more")
    text = status(landed, date(2023, 1, 1)).text()
    line = next(x for x in text.splitlines() if x.startswith("dfe_cin "))
    assert "2023-10-02" in line
    assert line.endswith("the server answers 503 (asked 5 times).")
    assert next(x for x in text.splitlines() if x.startswith("dfe_workforce ")).rstrip().endswith("never")
    lait = next(x for x in text.splitlines() if x.startswith("dfe_lait "))
    assert "no server" in lait
    assert "dfe_lait: a workbook with macros that the department took off GOV.UK" in text


def test_a_stray_file_of_an_old_edition_is_not_the_newest(landed: Settings, tmp_path: Path) -> None:
    put(tmp_path / "in", "b1_children_in_need_2013_to_2020.csv", b1(years=(2019, 2020)))
    land_returns(landed, tmp_path / "in", workers=1)
    for figure in ("7", "8"):
        # Other cells of an old edition come years later.
        put(tmp_path / "in", "b1_children_in_need_2013_to_2020.csv", b1((2019, 2020), figure=lambda *_, f=figure: f))
        land_returns(landed, tmp_path / "in", workers=1)
    found = of_cin(landed, date(2023, 10, 1))
    assert (found.last_edition, str(found.next_expected)) == ("2022", "Oct 2023")


def test_what_is_held_back_is_said(landed: Settings, tmp_path: Path) -> None:
    landed.published.parent.mkdir(parents=True, exist_ok=True)
    landed.published.write_bytes(b"")
    assert "Held back" not in status(landed).text()
    withdraw(landed, "dfe_cin", "2022", reason="a slip")
    assert "Held back: 1 withdrawn by people" in status(landed).text()
