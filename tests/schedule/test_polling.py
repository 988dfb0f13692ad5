"""Which servers are asked on which day."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from flows.common.settings import Settings
from flows.landing.land import land_returns
from flows.publishers.state import State
from flows.schedule.polling import due_now, polls
from tests.made_up import B1_NAME, b1, put


@pytest.fixture
def landed(settings: Settings, tmp_path: Path) -> Settings:
    """Children in need of 2022, published on 27 October 2022: the next one is due in October 2023."""
    put(tmp_path / "in", B1_NAME, b1())
    land_returns(settings, tmp_path / "in", workers=1)
    return settings


def asked(
    settings: Settings, when: str, *, source: str = "dfe_cin", next_release: str = "", failed: str = "", since: str = ""
) -> None:
    settings.live.mkdir(parents=True, exist_ok=True)
    said = {source: {"asked": when, "next_release": next_release, "failed": failed, "failing_since": since}}
    (settings.live / "state.json").write_text(json.dumps({"sources": said}))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def is_due(settings: Settings, now: str, source: str = "dfe_cin") -> bool:
    return source in due_now(settings, at(now))


def test_what_was_never_asked_is_asked_and_what_has_no_server_never_is(landed: Settings) -> None:
    found = {p.source: p for p in polls(landed, at("2023-06-01T09:30"))}
    assert found["dfe_cin"].is_due
    assert "dfe_lait" not in found


@pytest.mark.parametrize(
    ("last", "now", "expected"),
    [
        # Outside its window once a week.
        ("2023-06-01T08:30", "2023-06-07T08:30", False),
        ("2023-06-01T08:30", "2023-06-08T08:30", True),
        # In its window once a day, whatever the hour.
        ("2023-10-02T08:30", "2023-10-02T11:30", False),
        ("2023-10-02T11:30", "2023-10-03T08:30", True),
        # Late, and then no longer waited for from day to day.
        ("2023-12-29T08:30", "2023-12-30T08:30", True),
        ("2023-12-31T08:30", "2024-01-01T08:30", False),
        # Days are London's: 23:30 in summer time is the next day there.
        ("2023-10-02T22:30", "2023-10-02T23:30", True),
        # A clock that was set back does not keep it from being asked.
        ("2031-01-01T08:30", "2023-06-02T08:30", True),
    ],
)
def test_daily_in_the_window_and_weekly_outside(landed: Settings, last: str, now: str, expected: bool) -> None:
    asked(landed, last + ":00+00:00")
    assert is_due(landed, now) is expected


def test_the_servers_own_day_is_asked_more_than_once_and_not_before(landed: Settings) -> None:
    asked(landed, "2023-10-25T08:30:00+00:00", next_release="2023-10-26")
    assert not is_due(landed, "2023-10-25T11:30")
    asked(landed, "2023-10-26T08:30:00+00:00", next_release="2023-10-26")
    assert is_due(landed, "2023-10-26T09:30")
    # The server names a later month than usual: until then once a week.
    asked(landed, "2023-10-25T08:30:00+00:00", next_release="2023-12-07")
    assert not is_due(landed, "2023-10-26T08:30")


def test_a_failure_is_tried_again_the_next_time_and_one_that_lasts_daily(landed: Settings) -> None:
    asked(landed, "2023-06-01T08:30:00+00:00", failed="the server answers 503")
    assert is_due(landed, "2023-06-01T09:30")
    asked(landed, "2023-06-02T08:30:00+00:00", failed="the server answers 503", since="2023-06-01T08:30:00+00:00")
    assert not is_due(landed, "2023-06-02T09:30")
    assert is_due(landed, "2023-06-03T08:30")


def test_the_state_knows_since_when_something_fails(settings: Settings) -> None:
    state = State(settings.live / "state.json")
    state.asked("dfe_cin", "", "503")
    state.sources["dfe_cin"].failing_since = "2023-06-01T08:30:00+00:00"
    state.asked("dfe_cin", "", "503")
    assert state.sources["dfe_cin"].failing_since == "2023-06-01T08:30:00+00:00"
    state.asked("dfe_cin", "", "504")
    assert state.sources["dfe_cin"].failing_since > "2023-06-01"
    state.asked("dfe_cin", "", "")
    assert state.sources["dfe_cin"].failing_since == ""


def test_what_appears_all_the_time_is_asked_daily(landed: Settings) -> None:
    asked(landed, "2023-06-01T08:30:00+00:00", source="ofsted_reports")
    assert not is_due(landed, "2023-06-01T12:30", "ofsted_reports")
    assert is_due(landed, "2023-06-02T08:30", "ofsted_reports")
