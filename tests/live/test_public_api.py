"""The client of EES's public API, and what the fetch tells of a data set's new version."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from flows.publishers import ees_public
from flows.publishers.fetch import fetch
from flows.publishers.http import Absent, Http, Refused
from flows.publishers.state import State
from tests.fake_publishers import FakePublishers
from tests.fake_publishers.scenarios import table, written
from tests.live.fetching import B1, Start, arrived, cin, settings_for

CIN = "89869bba-0c00-40f7-b7d6-e28cb904ad37"
C1 = "C1 children in need referrals and rereferrals 2013 to 2024"
B1_2025 = B1.replace("2024", "2025")

Ask = Callable[..., Http]


@pytest.fixture
def start(start: Start) -> Start:
    """Servers that offer what the folder holds and nothing older: versions are then easily counted."""
    return lambda *given, **named: start(*given, **{"every_release": False, **named})


@pytest.fixture
def http(tmp_path: Path) -> Iterator[Ask]:
    """The shared fetcher, for some servers."""
    running: list[Http] = []

    def one(fake: FakePublishers, **changes: Any) -> Http:
        running.append(Http(fake.servers(**changes), State(tmp_path / "state.json"), tmp_path / "work"))
        return running[-1]

    yield one
    for h in running:
        h.close()


def base(fake: FakePublishers) -> str:
    return fake.servers().ees_public


def b1(fake: FakePublishers) -> str:
    """The data set of children in need."""
    return fake.world.latest("dfe_cin").api_id(B1)


def public(fake: FakePublishers) -> list[str]:
    """What the public API was asked for, by path."""
    return [r.path.removeprefix("/statistics/v1") for r in fake.requests if r.host == "ees-public"]


def told(report: Any) -> list[str]:
    """Notes on children in need, without the name of the source."""
    return [n.removeprefix("dfe_cin: ") for n in report.notes if n.startswith("dfe_cin: ")]


def with_rows(fake: FakePublishers, change: Callable[[list[list[str]]], Any], remark: str = "") -> None:
    """Children in need are amended."""
    release = fake.world.latest("dfe_cin")
    rows = table(release.files[B1])
    change(rows)
    release.amend({B1: written(rows)}, remark)


# --- the client ----------------------------------------------------------------------------------------------------


def test_the_list_of_data_sets_is_read_to_its_last_page(start: Start, http: Ask, sample: Any) -> None:
    fake = start(of=sample.returns, sources=["dfe_cin"])
    found = ees_public.data_sets(http(fake), base(fake), CIN)
    assert len(found) > ees_public.PAGE
    assert len({d.id for d in found}) == len(found)
    assert [r.query["page"] for r in fake.requests] == ["1", "2"]
    one = next(d for d in found if d.id == b1(fake))
    assert (one.title, one.status, one.superseding_data_set_id) == (
        "B1 children in need 2013 to 2024",
        "Published",
        None,
    )


def test_versions_are_in_the_order_of_their_numbers_over_all_pages(start: Start, http: Ask) -> None:
    fake = start()
    last = len(table(fake.world.latest("dfe_cin").files[B1])[0]) - 1
    figures = iter(range(21))

    def change(rows: list[list[str]]) -> None:
        rows[-1][last] = str(next(figures))

    for n in range(21):
        with_rows(fake, change, f"Figure {n}.")
    found = ees_public.versions(http(fake), base(fake), b1(fake))
    assert [v.version for v in found] == ["1.0", "1.1", *(f"1.1.{n}" for n in range(1, 22))]
    assert [v.type for v in found[:3]] == ["Major", "Minor", "Minor"]
    assert [v.notes for v in found[-2:]] == ["Figure 19.", "Figure 20."]
    assert len(fake.requests) == 2


def test_changes_of_every_kind(start: Start, http: Ask) -> None:
    fake = start()

    def change(rows: list[list[str]]) -> None:
        header = rows[0]
        category, name, code = (header.index(c) for c in ("category", "la_name", "new_la_code"))
        header[header.index("Started_child")] = "Started_children"
        header.append("stage")
        for r in rows[1:]:
            r.append("Any")
            r[category] = "In need"
            if r[code] == "E08000016":
                r[name] = "Barnsley Metropolitan Borough"
        rows[1:] = [r for r in rows[1:] if r[header.index("geographic_level")] != "Regional" and r[0] != "2013"]

    with_rows(fake, change)
    found = ees_public.changes(http(fake), base(fake), b1(fake), "2.0")
    assert found.gone == {
        "indicators": ["Started_child"],
        "filter_options": ["category: Children in Need"],
        "geographic_levels": ["Regional"],
        "location_groups": ["Regional"],
        "time_periods": ["2013"],
    }
    assert found.new == {
        "indicators": ["Started_children"],
        "filters": ["stage"],
        "filter_options": ["category: In need"],
    }
    assert found.changed == {
        "location_options": ["Barnsley (E08000016) → Barnsley Metropolitan Borough (E08000016)"],
    }


def test_many_names_are_counted() -> None:
    said = ees_public.Changes(gone={"indicators": [f"i{n}" for n in range(9)]}, new={"time_periods": ["2025"]})
    assert said.words() == ["indicators gone: i0, i1, i2, i3, i4, i5 and 3 more", "new time periods: 2025"]


@pytest.mark.parametrize(
    ("version", "edition"), [("", "2025"), ("2.*", "2025"), ("*", "2025"), ("1.*", "2024"), ("1.0", "2022")]
)
def test_the_csv_of_a_version_or_wildcard(start: Start, http: Ask, version: str, edition: str) -> None:
    fake = start("new-release-renamed")
    url = ees_public.csv_url(base(fake), b1(fake), version)
    answer = http(fake).file(url)
    assert answer.path is not None
    release = next(r for r in fake.world.publications["dfe_cin"].releases if r.label == edition)
    assert answer.path.read_bytes() == release.files[B1.replace("2024", edition)]
    number = {"2025": "2.0", "2024": "1.1", "2022": "1.0"}[edition]
    assert answer.name == f"{b1(fake)}_v{number}.csv"


def test_gzip_that_nobody_announces_is_unpacked(start: Start, http: Ask) -> None:
    fake = start("public-api-gzip-unannounced")
    answer = http(fake).file(ees_public.csv_url(base(fake), b1(fake)), name=B1)
    assert answer.path is not None
    assert answer.path.read_bytes() == fake.world.latest("dfe_cin").files[B1]


@pytest.mark.parametrize(
    "scenario", ["once-public-api-429", "public-api-429-retry-after", "once-public-api-500", "once-public-api-504"]
)
def test_what_passes_is_asked_again(start: Start, http: Ask, scenario: str) -> None:
    fake = start(scenario)
    assert b1(fake) in {d.id for d in ees_public.data_sets(http(fake), base(fake), CIN)}
    assert len(fake.requests) == 2


@pytest.mark.parametrize(
    ("scenario", "says"),
    [
        ("public-api-429", "the server answers 429"),
        ("public-api-504", "the server answers 504"),
        ("public-api-403", "the server answers 403"),
        ("public-api-html", "web page instead"),
        ("public-api-nonsense", "not of the known shape"),
    ],
)
def test_what_cannot_be_believed_is_refused(start: Start, http: Ask, scenario: str, says: str) -> None:
    fake = start(scenario)
    h = http(fake)
    for ask in (
        lambda: ees_public.data_sets(h, base(fake), CIN),
        lambda: ees_public.versions(h, base(fake), b1(fake)),
        lambda: ees_public.changes(h, base(fake), b1(fake), "1.1"),
    ):
        with pytest.raises(Refused, match=says):
            ask()


def test_what_is_not_there_is_absent(start: Start, http: Ask) -> None:
    fake = start()
    h, nobody = http(fake), "00000000-0000-0000-0000-000000000000"
    assert ees_public.data_sets(h, base(fake), nobody) == []
    for ask in (
        lambda: ees_public.versions(h, base(fake), nobody),
        lambda: ees_public.changes(h, base(fake), b1(fake), "9.*"),
        lambda: h.file(ees_public.csv_url(base(fake), b1(fake), "9.0")),
    ):
        with pytest.raises(Absent):
            ask()


# --- what the fetch tells ------------------------------------------------------------------------------------------


def test_the_release_of_2025_in_the_publishers_words(start: Start, tmp_path: Path) -> None:
    fake = start(sources=["dfe_cin"])
    settings, _ = cin(fake, tmp_path)
    fake.turn_to("new-release-renamed")
    fake.requests.clear()
    report = fetch(settings, sources=["dfe_cin"])
    assert report.failed == {}
    first, second = told(report)
    assert first == (
        f"{B1_2025}: version 2.0 (major): indicators gone: At31_episodes_rate, Started_episodes_rate, "
        "Ended_episodes_rate, Anypoint_episodes_rate, Anypoint_child_rate; new time periods: 2025"
    )
    assert second.startswith("c1_children_in_need_referrals_and_rereferrals_2013_to_2025.csv: version 2.0 (major): ")
    assert "indicators gone: Referrals, " in second
    assert "new indicators: referral_count, " in second
    # One list, and of each data set its versions and what the new one changed.
    assert len(public(fake)) == 1 + 2 * 2
    assert f"note: dfe_cin: {first}" in report.text().splitlines()


def test_an_amendment_is_told_of_the_one_data_set_that_changed(start: Start, tmp_path: Path) -> None:
    fake = start(sources=["dfe_cin"])
    settings, _ = cin(fake, tmp_path)
    fake.turn_to("amended-in-place")
    fake.requests.clear()
    assert told(fetch(settings, sources=["dfe_cin"])) == [
        f"{B1}: version 1.1.1 (patch): “One figure was corrected.”",
    ]
    about = f"/data-sets/{b1(fake)}/versions"
    assert public(fake) == [f"/publications/{CIN}/data-sets", about, f"{about}/1.1.1/changes"]


@pytest.mark.parametrize("scenario", ["", "same-name-other-bytes"])
def test_where_the_release_is_held_the_public_api_is_not_asked(start: Start, tmp_path: Path, scenario: str) -> None:
    fake = start(sources=["dfe_cin"])
    settings, first = cin(fake, tmp_path)
    assert [n.split(":")[1].strip() for n in told(first)] == ["version 1.1 (minor)"]
    assert public(fake)
    fake.turn_to(scenario)
    fake.requests.clear()
    again = fetch(settings, sources=["dfe_cin"])
    assert len(again.changed) == (1 if scenario else 0)
    assert told(again) == []
    assert public(fake) == []


def test_a_version_is_told_of_once(start: Start, tmp_path: Path) -> None:
    """Also where the release is new and the data set is not, and where a file of it is missing for long."""
    fake = start(sources=["dfe_cin"])
    settings, _ = cin(fake, tmp_path)
    fake.world.latest("dfe_cin").amend(remark="A footnote.")
    fake.turn_to("404")
    fake.requests.clear()
    for _ in range(2):
        report = fetch(settings, sources=["dfe_cin"])
        assert "not there (404)" in report.failed["dfe_cin"]
        assert told(report) == []
    assert public(fake).count(f"/publications/{CIN}/data-sets") == 2
    assert not any("/versions" in p for p in public(fake))


def test_versions_that_were_missed_are_told_in_their_order(start: Start, tmp_path: Path) -> None:
    fake = start(sources=["dfe_cin"])
    settings, _ = cin(fake, tmp_path)
    fake.turn_to("amended-in-place")
    fake.turn_to("new-release-renamed")
    line = told(fetch(settings, sources=["dfe_cin"]))[0]
    assert line.startswith(
        f"{B1_2025}: version 1.1.1 (patch): “One figure was corrected.”; then version 2.0 (major): indicators gone: "
    )


@pytest.mark.parametrize(
    ("scenario", "says"),
    [
        (
            "data-set-deprecated",
            f"deprecated, “{C1}” takes its place",
        ),
        ("data-set-withdrawn", "withdrawn from the public API (version 1.1 was the last)"),
        ("version-withdrawn", "version 1.1 withdrawn on 2025-01-15"),
    ],
)
def test_what_ends_is_told(start: Start, tmp_path: Path, scenario: str, says: str) -> None:
    fake = start(sources=["dfe_cin"])
    settings, _ = cin(fake, tmp_path)
    fake.turn_to(scenario)
    report = fetch(settings, sources=["dfe_cin"])
    assert report.failed == {}
    assert told(report) == [f"{B1}: {says}"]
    # Its file still comes from the content API.
    assert arrived(settings)[B1] == fake.world.latest("dfe_cin").files[B1]
    fake.world.latest("dfe_cin").amend(remark="A footnote.")
    # What is withdrawn is told of once, what is deprecated with every new state of the release.
    assert bool(told(fetch(settings, sources=["dfe_cin"]))) is (scenario == "data-set-deprecated")


def test_a_data_set_that_is_in_no_release_any_more_is_told_by_the_name_it_had(start: Start, tmp_path: Path) -> None:
    fake = start(sources=["dfe_cin"])
    settings, _ = cin(fake, tmp_path)
    fake.turn_to("data-set-deprecated")
    gone = b1(fake)
    fake.turn_to("new-release-renamed")
    del fake.world.latest("dfe_cin").files[B1_2025]
    assert told(fetch(settings, sources=["dfe_cin"]))[0].startswith(f"{B1}: deprecated, “C1 children in need ")
    assert gone in json.loads((settings.live / "state.json").read_text())["data_sets"]["dfe_cin"]


@pytest.mark.parametrize(
    "scenario",
    [
        *(f"public-api-{code}" for code in (403, 404, 429, 500, 504)),
        "public-api-html",
        "public-api-nonsense",
        "public-api-no-changes",
    ],
)
def test_a_failing_public_api_costs_the_notes_and_nothing_else(
    start: Start, tmp_path: Path, folder: Path, scenario: str
) -> None:
    fake = start(scenario, ["dfe_cin"])
    settings, report = cin(fake, tmp_path)
    assert report.failed == {}
    # An answer that cannot be read is never taken for "nothing changed".
    said = told(report)
    assert [("not of the known shape" in n) for n in said] == [True] * (scenario == "public-api-nonsense")
    assert arrived(settings)[B1] == (folder / "dfe_cin" / "2024" / B1).read_bytes()
    # A server that fails is not asked for the rest, with the same patience each time.
    assert len(public(fake)) <= fake.servers().tries
    # When it answers again, the next new version is told of.
    fake.turn_to("amended-in-place")
    assert f"{B1}: version 1.1.1 (patch): “One figure was corrected.”" in told(fetch(settings, sources=["dfe_cin"]))


def test_a_server_that_fails_midway_is_not_asked_for_the_rest(start: Start, tmp_path: Path) -> None:
    fake = start(sources=["dfe_cin"])
    settings, _ = cin(fake, tmp_path)
    fake.turn_to("new-release-renamed")
    fake.turn_to("public-api-versions-504")
    fake.requests.clear()
    report = fetch(settings, sources=["dfe_cin"])
    assert (report.failed, told(report)) == ({}, [])
    assert len([p for p in public(fake) if p.endswith("/versions")]) == fake.servers().tries
    # Neither data set counts as told of.
    fake.turn_to("")
    fake.world.latest("dfe_cin").amend(remark="A footnote.")
    assert len(told(fetch(settings, sources=["dfe_cin"]))) == 2


def test_what_a_server_writes_into_notes_stays_one_line(start: Start, tmp_path: Path) -> None:
    fake = start(sources=["dfe_cin"])
    settings, _ = cin(fake, tmp_path)
    with_rows(fake, lambda rows: rows[-1].__setitem__(-1, "77"), "One\n  note: \x1b[31mfigure" + " more" * 200)
    line = told(fetch(settings, sources=["dfe_cin"]))[0]
    assert line.startswith(f"{B1}: version 1.1.1 (patch): “One note: [31mfigure more")
    assert line.isprintable()
    assert len(line) < 400


def test_which_versions_were_told_of_is_remembered(start: Start, tmp_path: Path) -> None:
    fake = start("new-release-renamed", ["dfe_cin"])
    settings = settings_for(fake, tmp_path)
    fetch(settings, sources=["dfe_cin"])
    known = json.loads((settings.live / "state.json").read_text())["data_sets"]["dfe_cin"]
    assert known[b1(fake)] == {"file": B1_2025, "version": "2.0"}
