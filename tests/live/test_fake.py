"""The servers on the loopback are faithful: shapes, limits and errors are those of the publishers' own."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from flows.common.files import sha256_of
from flows.landing.land import land_folders
from flows.publishers.fetch import fetch
from tests.fake_publishers import FakePublishers, Quirks
from tests.fake_publishers.scenarios import SHEET_ROWS, table
from tests.live.fetching import B1, SOURCES, Start, arrived, cin, settings_for

CIN = "89869bba-0c00-40f7-b7d6-e28cb904ad37"
NOBODY = "00000000-0000-0000-0000-000000000000"


class Client:
    """Asks one server of the fake."""

    def __init__(self, fake: FakePublishers, host: str) -> None:
        self.fake, self.base = fake, getattr(fake.servers(), host)
        # Nothing is encrypted on the loopback: no certificates are read.
        self._http = httpx.Client(headers={"User-Agent": "Mozilla/5.0"}, verify=False)

    def get(self, path: str, **params: Any) -> httpx.Response:
        return self._http.get(self.base + path, params=params or None)

    def json(self, path: str, **params: Any) -> Any:
        answer = self.get(path, **params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def errors(self, path: str, **params: Any) -> list[tuple[str, str]]:
        """Path and code of each error of a request that is refused."""
        return errors(self.get(path, **params))

    def post(self, path: str, body: Any = None, text: str = "", **headers: str) -> httpx.Response:
        content = text or ("" if body is None else json.dumps(body))
        headers = {"Content-Type": "application/json", **headers}
        return self._http.post(self.base + path, content=content, headers=headers)


def errors(answer: httpx.Response) -> list[tuple[str, str]]:
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"].startswith("application/problem+json")
    said = answer.json()
    assert (said["title"], said["status"]) == ("There are validation errors with the request.", 400)
    return [(e.get("path", ""), e["code"]) for e in said["errors"]]


@pytest.fixture(scope="module")
def fake(folder: Path) -> Iterator[FakePublishers]:
    """Servers on which nothing happens. Read only."""
    with FakePublishers(folder, "", SOURCES, quirks=replace(Quirks(), every_release=False)) as one:
        yield one


@pytest.fixture
def api(fake: FakePublishers) -> Client:
    return Client(fake, "ees_public")


@pytest.fixture
def content(fake: FakePublishers) -> Client:
    return Client(fake, "ees_content")


@pytest.fixture
def b1(fake: FakePublishers) -> str:
    """Path of the data set of children in need."""
    return f"/data-sets/{fake.world.latest('dfe_cin').api_id(B1)}"


def rows_of(fake: FakePublishers, **cells: str) -> list[dict[str, str]]:
    """Rows of the file behind it that have these cells."""
    header, *rows = table(fake.world.latest("dfe_cin").files[B1])
    found = (dict(zip(header, r, strict=True)) for r in rows)
    return [r for r in found if cells.items() <= r.items()]


# --- the public API ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "usual", "most"),
    [("/publications", 20, 40), (f"/publications/{CIN}/data-sets", 10, 20), ("b1/versions", 10, 20)],
)
def test_lists_page_within_their_limits(api: Client, b1: str, path: str, usual: int, most: int) -> None:
    path = path.replace("b1", b1)
    said = api.json(path)
    assert said["paging"] == {
        "page": 1,
        "pageSize": usual,
        "totalResults": len(said["results"]),
        "totalPages": 1,
    }
    one_a_page = api.json(path, page=2, pageSize=1)
    assert one_a_page["results"] == said["results"][1:2]
    assert one_a_page["paging"]["totalPages"] == len(said["results"])
    assert api.json(path, pageSize=most)["results"] == said["results"]
    assert api.errors(path, pageSize=most + 1) == [("pageSize", "InclusiveBetween")]
    assert api.errors(path, pageSize=0) == [("pageSize", "InclusiveBetween")]
    assert api.errors(path, page=0) == [("page", "GreaterThanOrEqual")]
    assert api.errors(path, page="first") == [("page", "InvalidValue")]


def test_nothing_still_makes_one_page(api: Client, content: Client, b1: str) -> None:
    empty = {"page": 1, "totalResults": 0, "totalPages": 1}
    for answer in (
        api.json("/publications", search="no such thing"),
        api.json(f"/publications/{NOBODY}/data-sets"),
        api.json(f"{b1}/query", **{"locations.eq": "LA|code|E99999999"}),
        content.json("/data-set-files", searchTerm="no such thing"),
    ):
        assert answer["results"] == []
        assert empty.items() <= answer["paging"].items()


def test_publications_are_searched_by_three_letters_or_more(api: Client) -> None:
    found = api.json("/publications", search="in NEED")["results"]
    assert [(p["id"], p["slug"]) for p in found] == [(CIN, "children-in-need")]
    assert set(found[0]) == {"id", "title", "slug", "summary", "lastPublished"}
    assert api.json(f"/publications/{CIN}") == found[0]
    assert api.errors("/publications", search="in") == [("search", "MinimumLength")]


@pytest.mark.parametrize(
    "path",
    [
        "/publications/children-in-need",
        f"/publications/{NOBODY}",
        f"/data-sets/{NOBODY}",
        f"/data-sets/{NOBODY}/csv",
        "/data-sets/b1/meta",
        "b1/versions/7.0",
        "b1/versions/latest",
        "b1/versions/7.*/changes",
        "b1/nothing",
        "/nothing",
    ],
)
def test_what_is_not_there_is_a_problem_of_404(api: Client, b1: str, path: str) -> None:
    answer = api.get(path.replace("b1/", f"{b1}/") if path.startswith("b1") else path)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert (answer.json()["status"], answer.json()["title"]) == (404, "Not Found")


def test_paths_are_put_into_lower_case(api: Client, b1: str) -> None:
    assert api.json(b1.upper()) == api.json(b1)


def test_a_data_set_as_its_summary_has_it(api: Client, fake: FakePublishers, b1: str) -> None:
    one = api.json(b1)
    assert one in api.json(f"/publications/{CIN}/data-sets")["results"]
    # Of what is null, not even the name is there.
    assert set(one) == {"id", "title", "summary", "status", "latestVersion"}
    latest = one["latestVersion"]
    assert latest["version"] == "1.1"
    assert latest["file"] == {"id": fake.world.latest("dfe_cin").data_set_id(B1)}
    assert latest["timePeriods"] == {"start": "2013", "end": "2024"}
    assert latest["totalResults"] == len(rows_of(fake))


def nulls(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [x for v in value.values() for x in nulls(v)]
    return [x for v in value for x in nulls(v)] if isinstance(value, list) else [value] if value is None else []


def test_no_answer_has_a_null(api: Client, b1: str) -> None:
    for path in ("/publications", f"/publications/{CIN}/data-sets", f"{b1}/versions", f"{b1}/versions/1.1/changes"):
        assert nulls(api.json(path)) == [], path
    assert nulls(api.json(f"{b1}/query", **{"filters.eq": "nowhere"})) == []
    assert nulls(api.get(f"{b1}/query?sorts=up").json()) == []


def test_metadata_by_type(api: Client, fake: FakePublishers, b1: str) -> None:
    said = api.json(f"{b1}/meta")
    assert [i["column"] for i in said["indicators"]][:2] == ["At31_episodes", "At31_episodes_rate"]
    assert said["indicators"][0].keys() == {"id", "column", "label", "unit", "decimalPlaces"}
    (category,) = said["filters"]
    assert (category["column"], [o["label"] for o in category["options"]]) == ("category", ["Children in Need"])
    places = {p["level"]["code"]: p["options"] for p in said["locations"]}
    barnsley = next(p for p in places["LA"] if p["oldCode"] == "370")
    assert (barnsley["label"], barnsley["code"]) == ("Barnsley", "E08000016")
    assert "oldCode" not in places["REG"][0]
    assert said["timePeriods"][-1] == {"code": "RY", "period": "2024", "label": "2024"}
    ids = [i["id"] for part in ("indicators", "filters") for i in said[part]] + [p["id"] for p in places["LA"]]
    assert all(re.fullmatch(r"[0-9A-Za-z]{5}", i) for i in ids)
    assert len(set(ids)) == len(ids)
    some = api.json(f"{b1}/meta", types="Indicators,TimePeriods")
    assert {k for k, v in some.items() if v} == {"indicators", "timePeriods"}
    assert api.json(f"{b1}/meta", types=["Indicators", "TimePeriods"]) == some
    assert api.errors(f"{b1}/meta", types="Columns") == [("types[0]", "AllowedValue")]
    before = api.json(f"{b1}/meta", dataSetVersion="1.0")
    assert "Started_child" not in {i["column"] for i in before["indicators"]}


def columns_of(api: Client, b1: str) -> dict[str, str]:
    return {i["column"]: i["id"] for i in api.json(f"{b1}/meta", types="Indicators")["indicators"]}


@pytest.mark.parametrize("place", ["LA|code|E08000016", "LA|oldCode|370", "LA|id|{id}"])
def test_a_query_by_the_code_of_an_authority(api: Client, fake: FakePublishers, b1: str, place: str) -> None:
    places = api.json(f"{b1}/meta", types="Locations")["locations"]
    (barnsley,) = [o for p in places if p["level"]["code"] == "LA" for o in p["options"] if o["code"] == "E08000016"]
    level, name, value = place.format(**barnsley).split("|")
    said = api.json(f"{b1}/query", **{"locations.eq": f"{level}|{name}|{value}"})
    columns = columns_of(api, b1)
    # The newest first, where nothing else is asked for; figures as the file writes them.
    expected = sorted(rows_of(fake, new_la_code="E08000016"), key=lambda r: r["time_period"], reverse=True)
    assert [r["values"] for r in said["results"]] == [{i: r[c] for c, i in columns.items()} for r in expected]
    assert {r["locations"]["LA"] for r in said["results"]} == {barnsley["id"]}
    assert said["results"][0]["timePeriod"] == {"code": "RY", "period": "2024"}
    assert said["results"][0]["geographicLevel"] == "LA"
    assert said["warnings"] == []
    posted = api.post(f"{b1}/query", {"criteria": {"locations": {"eq": {"level": level, name: value}}}})
    assert posted.json() == said


def test_symbols_are_strings_as_figures_are(api: Client, fake: FakePublishers, b1: str) -> None:
    said = api.json(f"{b1}/query", **{"locations.in": "LA|oldCode|201,LA|oldCode|420", "timePeriods.eq": "2013|RY"})
    columns = columns_of(api, b1)
    values = {v for r in said["results"] for v in r["values"].values()}
    assert "c" in values
    assert {type(v) for v in values} == {str}
    hidden = [r for r in rows_of(fake, time_period="2013") if r["old_la_code"] in {"201", "420"}]
    wanted = columns["Anypoint_child"]
    assert [r["values"][wanted] for r in said["results"]] == [r["Anypoint_child"] for r in hidden] == ["c", "c"]


Body = dict[str, Any]


@pytest.mark.parametrize(
    ("criteria", "holds"),
    [
        ({"geographicLevels": {"eq": "NAT"}}, lambda r: r["geographic_level"] == "National"),
        ({"geographicLevels": {"notIn": ["NAT", "REG"]}}, lambda r: r["geographic_level"] == "Local authority"),
        ({"timePeriods": {"gte": {"period": "2020", "code": "RY"}}}, lambda r: r["time_period"] >= "2020"),
        (
            {"timePeriods": {"gt": {"period": "2020", "code": "RY"}, "lt": {"period": "2023", "code": "RY"}}},
            lambda r: "2020" < r["time_period"] < "2023",
        ),
        ({"timePeriods": {"lte": {"period": "2013", "code": "RY"}}}, lambda r: r["time_period"] == "2013"),
        ({"locations": {"eq": {"level": "REG", "code": "E12000001"}}}, lambda r: r["region_code"] == "E12000001"),
        (
            {"and": [{"geographicLevels": {"eq": "LA"}}, {"timePeriods": {"eq": {"period": "2024", "code": "RY"}}}]},
            lambda r: r["geographic_level"] == "Local authority" and r["time_period"] == "2024",
        ),
        (
            {"or": [{"geographicLevels": {"eq": "NAT"}}, {"timePeriods": {"eq": {"period": "2024", "code": "RY"}}}]},
            lambda r: r["geographic_level"] == "National" or r["time_period"] == "2024",
        ),
        (
            {"and": [{"not": {"or": [{"geographicLevels": {"eq": "LA"}}]}}, {"geographicLevels": {"notEq": "NAT"}}]},
            lambda r: r["geographic_level"] == "Regional",
        ),
    ],
)
def test_criteria_are_as_in_logic(api: Client, fake: FakePublishers, b1: str, criteria: Body, holds: Any) -> None:
    said = api.post(f"{b1}/query", {"criteria": criteria, "pageSize": 10_000}).json()
    expected = [r for r in rows_of(fake) if holds(r)]
    assert 0 < len(expected) < len(rows_of(fake))
    assert said["paging"]["totalResults"] == len(said["results"]) == len(expected)
    wanted = columns_of(api, b1)["At31_episodes"]
    assert sorted(r["values"][wanted] for r in said["results"]) == sorted(r["At31_episodes"] for r in expected)


def test_an_empty_body_asks_for_everything(api: Client, fake: FakePublishers, b1: str) -> None:
    everything = api.json(f"{b1}/query")
    assert everything["paging"]["totalResults"] == len(rows_of(fake))
    assert len(everything["results"]) == 1000
    assert everything["results"][0]["values"].keys() == set(columns_of(api, b1).values())
    assert api.post(f"{b1}/query").json() == everything
    assert api.post(f"{b1}/query", text='{ // none\n"criteria": {}, "page": 1 }').json() == everything
    second = api.post(f"{b1}/query", {"page": 2}).json()
    assert len(second["results"]) == len(rows_of(fake)) - 1000


def test_rows_come_in_the_order_asked_for(api: Client, b1: str) -> None:
    columns = columns_of(api, b1)
    rate = columns["At31_episodes_rate"]
    asked = {"geographicLevels.eq": "REG", "indicators": rate}
    by_time = api.json(f"{b1}/query", **asked, sorts="timePeriod|Asc,location|REG|Desc")["results"]
    assert [r["timePeriod"]["period"] for r in by_time] == sorted(r["timePeriod"]["period"] for r in by_time)
    labels = {o["id"]: o["label"] for p in api.json(f"{b1}/meta")["locations"] for o in p["options"]}
    first = [labels[r["locations"]["REG"]] for r in by_time if r["timePeriod"]["period"] == "2013"]
    assert first == sorted(first, reverse=True)
    assert [*by_time[0]["values"]] == [rate]
    by_figure = api.json(f"{b1}/query", **asked, sorts=f"indicator|{rate}|Asc")["results"]
    figures = [r["values"][rate] for r in by_figure]
    assert figures == sorted(figures)


def test_what_a_query_names_in_vain_is_warned_of(api: Client, b1: str) -> None:
    said = api.json(f"{b1}/query", **{"locations.in": "LA|code|E08000016,LA|code|E99999999"})
    assert said["paging"]["totalResults"] > 0
    assert [(w["path"], w["code"], w["detail"]["items"]) for w in said["warnings"]] == [
        ("locations.in", "LocationsNotFound", ["LA|code|E99999999"])
    ]
    empty = api.post(f"{b1}/query", {"criteria": {"timePeriods": {"eq": {"period": "1999", "code": "RY"}}}}).json()
    assert empty["results"] == []
    assert [(w.get("path"), w["code"]) for w in empty["warnings"]] == [
        ("criteria.timePeriods.eq", "TimePeriodsNotFound"),
        (None, "QueryNoResults"),
    ]


@pytest.mark.parametrize(
    ("body", "path", "code"),
    [
        ({"filter": {}}, "filter", "UnknownField"),
        ({"criteria": {"and": [{}, {"places": {}}]}}, "criteria.and[1].places", "UnknownField"),
        ({"criteria": {"filters": {"gt": "x"}}}, "criteria.filters.gt", "UnknownField"),
        ({"criteria": {"geographicLevels": {"in": ["LA", "TOWN"]}}}, "criteria.geographicLevels.in[1]", "AllowedValue"),
        ({"criteria": {"locations": {"eq": {"level": "X"}}}}, "criteria.locations.eq.level", "AllowedValue"),
        (
            {"criteria": {"or": [{"timePeriods": {"eq": {"period": "2024", "code": "Q"}}}]}},
            "criteria.or[0].timePeriods.eq.code",
            "AllowedValue",
        ),
        ({"criteria": {"filters": {"in": []}}}, "criteria.filters.in", "NotEmpty"),
        ({"criteria": {"filters": {"eq": ["x"]}}}, "criteria.filters.eq", "InvalidValue"),
        ({"criteria": {"not": []}}, "criteria.not", "InvalidValue"),
        ({"indicators": ["nobody"]}, "indicators", "IndicatorsNotFound"),
        ({"indicators": []}, "indicators", "NotEmpty"),
        ({"sorts": [{"field": "filter|no", "direction": "Asc"}]}, "sorts", "SortFieldsNotFound"),
        ({"sorts": [{"field": "timePeriod", "direction": "Up"}]}, "sorts[0].direction", "AllowedValue"),
        ({"pageSize": 10_001}, "pageSize", "InclusiveBetween"),
        ({"page": "one"}, "page", "InvalidValue"),
    ],
)
def test_a_wrong_query_is_refused_with_path_and_code(api: Client, b1: str, body: Body, path: str, code: str) -> None:
    assert errors(api.post(f"{b1}/query", body)) == [(path, code)]


def test_a_wrong_query_in_parameters(api: Client, b1: str) -> None:
    assert api.errors(f"{b1}/query", **{"locations.in": "LA|code|E1,Leeds"}) == [("locations.in[1]", "LocationFormat")]
    assert api.errors(f"{b1}/query", **{"timePeriods.eq": "2024"}) == [("timePeriods.eq", "TimePeriodFormat")]
    assert errors(api.post(f"{b1}/query", text="{not json")) == [("", "InvalidValue")]
    assert api.post(f"{b1}/query", {}, **{"Content-Type": "text/plain"}).status_code == 415
    assert api.post(b1, {}).status_code == 405


def test_the_csv_is_gzip_whatever_is_accepted(api: Client, fake: FakePublishers, b1: str) -> None:
    with httpx.stream("GET", f"{api.base}{b1}/csv", headers={"Accept-Encoding": "identity"}) as answer:
        packed = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["x-robots-tag"] == "noindex"
    assert answer.headers["content-disposition"] == f"attachment; filename={b1.rpartition('/')[2]}_v1.1.csv"
    assert packed[:2] == b"\x1f\x8b"
    assert gzip.decompress(packed) == fake.world.latest("dfe_cin").files[B1]


def test_versions_follow_releases_and_amendments(start: Start, b1: str) -> None:
    fake = start(every_release=False)
    api = Client(fake, "ees_public")

    def numbers() -> list[tuple[str, str, str]]:
        found = api.json(f"{b1}/versions")["results"]
        return [(v["version"], v["type"], v["release"]["slug"]) for v in found]

    first = [("1.1", "Minor", "2024"), ("1.0", "Major", "2022")]
    assert numbers() == first
    # A replaced file that nobody mentions makes no version; a footnote changes no data set.
    fake.turn_to("same-name-other-bytes")
    fake.world.latest("dfe_cin").amend(remark="A footnote.")
    assert numbers() == first
    fake.turn_to("amended-in-place")
    assert numbers()[0] == ("1.1.1", "Minor", "2024")
    release = fake.world.latest("dfe_cin")
    header, body = release.files[B1].split(b"\n", 1)
    wider = b"\n".join(line + b",1" for line in body.rstrip(b"\n").split(b"\n"))
    release.amend({B1: header + b",Ended_child\n" + wider + b"\n"})
    assert numbers()[0] == ("1.2", "Minor", "2024")
    fake.turn_to("new-release-renamed")
    assert numbers()[0] == ("2.0", "Major", "2025")
    said = api.json(f"{b1}/versions/2.*/changes")
    assert {c["previousState"]["column"] for c in said["majorChanges"]["indicators"]} >= {"At31_episodes_rate"}
    year = {"code": "RY", "period": "2025", "label": "2025"}
    assert said["minorChanges"] == {"timePeriods": [{"currentState": year}]}
    patch = api.json(f"{b1}/versions/1.1.1/changes", includePatchHistory="true")
    assert (patch["majorChanges"], patch["minorChanges"]) == ({}, {})
    assert [p["versionNumber"] for p in patch["patchHistory"]] == ["1.1"]


def test_a_withdrawn_version_may_be_looked_at_and_not_queried(start: Start, b1: str) -> None:
    api = Client(start("version-withdrawn", every_release=False), "ees_public")
    assert api.json(b1)["latestVersion"]["version"] == "1.0"
    withdrawn = api.json(f"{b1}/versions")["results"][0]
    assert (withdrawn["version"], withdrawn["status"]) == ("1.1", "Withdrawn")
    assert withdrawn["withdrawn"].startswith("2025-01-15")
    assert api.get(f"{b1}/query", dataSetVersion="1.1").status_code == 403
    assert api.json(f"{b1}/query", dataSetVersion="1.*")["paging"]["totalResults"] > 0


def test_a_withdrawn_data_set_is_not_listed_and_forbidden(start: Start, b1: str) -> None:
    api = Client(start("data-set-withdrawn"), "ees_public")
    assert b1.rpartition("/")[2] not in {d["id"] for d in api.json(f"/publications/{CIN}/data-sets")["results"]}
    answer = api.get(b1)
    assert (answer.status_code, answer.json()["status"]) == (403, 403)


def test_a_deprecated_data_set_names_what_takes_its_place(start: Start, b1: str) -> None:
    api = Client(start("data-set-deprecated"), "ees_public")
    one = api.json(b1)
    assert one["status"] == "Deprecated"
    assert api.json(f"/data-sets/{one['supersedingDataSetId']}")["status"] == "Published"


@pytest.mark.parametrize("code", [429, 504])
def test_an_overloaded_api_answers_with_a_problem(start: Start, b1: str, code: int) -> None:
    fake = start(f"public-api-{code}")
    answer = Client(fake, "ees_public").get(b1)
    assert (answer.status_code, answer.json()["status"]) == (code, code)
    assert "retry-after" not in answer.headers
    if code == 429:
        fake.turn_to("public-api-429-retry-after")
        assert Client(fake, "ees_public").get(b1).headers["retry-after"] == "1"
        assert Client(fake, "ees_public").get(b1).status_code == 200


# --- the content API -----------------------------------------------------------------------------------------------


def test_the_tree_of_publications(content: Client) -> None:
    (theme,) = content.json("/publications/tree", filter="DataCatalogue")
    assert {p["slug"] for p in theme["publications"]} == {"children-in-need", "children-s-social-work-workforce"}
    assert content.errors("/publications/tree") == [("filter", "RequiredValue")]
    assert content.errors("/publications/tree", filter="Everything") == [("filter", "AllowedValue")]


def test_releases_of_a_publication(content: Client, fake: FakePublishers) -> None:
    at = "/publications/children-in-need"
    entries = content.json(f"{at}/release-entries")["results"]
    assert [(e["slug"], e["isLatestRelease"]) for e in entries if "slug" in e] == [("2024", True), ("2022", False)]
    # What was published before on GOV.UK is a link only.
    assert [e["url"] for e in entries if "slug" not in e] == [
        "https://www.gov.uk/government/statistics/characteristics-of-children-in-need-2016-to-2017"
    ]
    assert content.json(f"{at}/release-ids") == [e["releaseId"] for e in entries if "slug" in e]
    summary = content.json(f"{at}/releases/2024/version-summary")
    # Two ids under like names: the publication names a release's, the list of releases a version's.
    listed = next(r for r in content.json(f"{at}/releases") if r["slug"] == "2024")
    assert (summary["id"], summary["releaseId"]) == (listed["id"], listed["releaseId"])
    assert content.json(at)["latestRelease"]["id"] == summary["releaseId"] != summary["id"]
    assert "lastUpdated" not in listed
    # And two forms of a date: numbers here, words there.
    assert content.json(at)["nextReleaseDate"] == {"year": 2025, "month": 10}
    assert listed["nextReleaseDate"] == {"year": "2025", "month": "10", "day": ""}
    assert nulls(content.json(at)) == nulls(content.json(f"{at}/releases")) == []
    assert summary["updateCount"] == 1
    for gone in ("latest", "latest/summary", "2024", "2024/summary"):
        assert content.get(f"{at}/releases/{gone}").status_code == 404


def test_an_amendment_keeps_the_slug_and_is_in_the_updates(start: Start) -> None:
    content = Client(start(), "ees_content")
    at = "/publications/children-in-need/releases/2024"
    before = content.json(f"{at}/version-summary")
    content.fake.turn_to("amended-in-place")
    after = content.json(f"{at}/version-summary")
    assert after["id"] != before["id"]
    assert {k: after[k] for k in ("releaseId", "slug", "published")} == {
        k: before[k] for k in ("releaseId", "slug", "published")
    }
    assert (after["updateCount"], after["lastUpdated"] > before["lastUpdated"]) == (2, True)
    updates = content.json(f"{at}/updates")
    assert [u["summary"] for u in updates["results"]] == ["One figure was corrected.", "First published."]


def test_the_catalogue_is_filtered_and_sorted(content: Client) -> None:
    def names(**asked: Any) -> list[str]:
        return [f["filename"] for f in content.json("/data-set-files", pageSize=40, **asked)["results"]]

    assert B1 in names(publicationId=CIN)
    assert not any("2022" in n for n in names(publicationId=CIN))
    assert "b1_children_in_need_2013_to_2022.csv" in names(publicationId=CIN, latestOnly="false")
    assert names(searchTerm="rereferrals") == ["c1_children_in_need_referrals_and_rereferrals_2013_to_2024.csv"]
    assert names(geographicLevel="LAD") == []
    assert names(geographicLevel="LA", publicationId=CIN, sort="Title", sortDirection="Desc")[-1] == B1
    assert set(names(dataSetType="Api")) <= set(names())
    assert content.errors("/data-set-files", searchTerm="re") == [("searchTerm", "MinimumLength")]
    assert content.errors("/data-set-files", sort="Size") == [("sort", "InvalidValue")]
    assert content.errors("/data-set-files", sort="Natural") == [("releaseId", "NotEmpty")]
    assert content.errors("/data-set-files", sort="Relevance") == [("searchTerm", "NotEmpty")]
    assert content.errors("/data-set-files", pageSize=41) == [("pageSize", "InclusiveBetween")]
    assert content.errors("/data-set-files", releaseId="latest") == [("releaseId", "InvalidValue")]
    assert content.errors("/data-set-files", page=0) == [("page", "InclusiveBetween")]
    # What it does not know it does not mind; the public API does.
    assert names(publicationId=CIN, colour="red") == names(publicationId=CIN)


def test_the_release_id_of_the_catalogue_is_a_versions(content: Client, fake: FakePublishers) -> None:
    release = fake.world.latest("dfe_cin")

    def found(releaseId: str) -> Any:
        return content.json("/data-set-files", releaseId=releaseId)

    by_version = found(release.version_id)["results"]
    assert [f["filename"] for f in by_version] == sorted(release.files)
    assert {f["release"]["id"] for f in by_version} == {release.version_id}
    empty = found(release.release_id)
    assert empty == {"results": [], "paging": {"page": 1, "pageSize": 10, "totalResults": 0, "totalPages": 1}}


def test_what_the_public_api_does_not_know_it_refuses(api: Client, b1: str) -> None:
    assert api.errors("/publications", colour="red") == [("colour", "UnknownField")]
    assert api.errors(f"{b1}/csv", version="1.0") == [("version", "UnknownField")]
    assert api.errors(b1, page=1) == [("page", "UnknownField")]


def test_an_entry_of_the_catalogue_names_its_columns(content: Client, fake: FakePublishers) -> None:
    release = fake.world.latest("dfe_cin")
    header, *rows = table(release.files[B1])
    one = content.json(f"/data-set-files/{release.data_set_id(B1)}")
    variables = [v["value"] for v in one["file"]["variables"]]
    assert variables == header[header.index("category") :]
    assert one["file"]["dataCsvPreview"] == {"headers": header, "rows": rows[:5]}
    assert one["api"] == {"id": release.api_id(B1), "version": "1.1"}
    assert content.get(f"/data-set-files/{release.data_set_id(B1)}/download").content == release.files[B1]
    # An id answers with its file while that is in the latest version of its release, however old the release is.
    older = min(fake.world.publications["dfe_cin"].releases, key=lambda r: r.published)
    name = min(older.files)
    answer = content.get(f"/data-set-files/{older.data_set_id(name)}/download")
    assert answer.content == older.files[name]
    assert not {"etag", "last-modified", "content-length"} & set(answer.headers)
    assert content.get(f"/data-set-files/{NOBODY}").status_code == 404


def test_files_of_a_release(content: Client, fake: FakePublishers) -> None:
    release = fake.world.latest("dfe_cin")
    at = f"/releases/{release.version_id}/files"
    one = content.get(f"{at}/{release.file_id(B1)}")
    # 200, the hash of what should be there, and nothing.
    digest = hashlib.md5(release.files[B1]).hexdigest()
    assert (one.status_code, one.content, one.headers["etag"]) == (200, b"", f'W/"{digest}"')
    assert one.headers["cache-control"] == "public,max-age=300"
    strong = httpx.get(f"{content.base}{at}/{release.file_id(B1)}", headers={"If-None-Match": f'"{digest}"'})
    assert strong.status_code == 200
    ranged = httpx.get(f"{content.base}{at}/{release.file_id(B1)}", headers={"Range": "bytes=10-"})
    assert ranged.status_code == 200
    again = httpx.get(f"{content.base}{at}/{release.file_id(B1)}", headers={"If-None-Match": one.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    with zipfile.ZipFile(io.BytesIO(content.get(at, fileIds=release.file_id(B1)).content)) as z:
        assert [n for n in z.namelist() if n.startswith("data/")] == [f"data/{B1}"]
    with zipfile.ZipFile(io.BytesIO(content.get(at).content)) as z:
        assert [n for n in z.namelist() if n.startswith("data/")] == [f"data/{n}" for n in sorted(release.files)]
        guidance = z.read("data-guidance/data-guidance.txt").decode()
    assert f"Filename: {B1}\nGeographic levels: Local authority; National; Regional\n" in guidance
    assert re.search(r"^At31_episodes +\|  At31 episodes$", guidance, re.MULTILINE)
    two = ",".join(release.file_id(n) for n in sorted(release.files)[:2])
    assert content.errors(at, fileIds=two) == [("fileIds", "Deprecated")]
    assert content.errors(at, fileIds="b1") == [("fileIds", "InvalidValue")]
    assert content.get("/releases/latest/files").status_code == 404


def test_what_an_amendment_replaces_is_gone_and_forbidden(start: Start) -> None:
    fake = start(every_release=False)
    content = Client(fake, "ees_content")
    release = fake.world.latest("dfe_cin")
    version, file = release.version_id, release.file_id(B1)
    fake.turn_to("amended-in-place")
    assert content.get(f"/releases/{version}/files/{file}").status_code == 403
    assert content.get(f"/releases/{version}/files").status_code == 403
    assert content.get(f"/releases/{release.version_id}/files/{file}").status_code == 404
    assert content.get(f"/releases/{release.version_id}/files/{release.file_id(B1)}").status_code == 200


def test_older_uploads_come_whole_from_either_address(start: Start) -> None:
    fake = start()
    content = Client(fake, "ees_content")
    oldest = min(fake.world.publications["dfe_cin"].releases, key=lambda r: r.published)
    name = min(oldest.files)
    one = content.get(f"/releases/{oldest.version_id}/files/{oldest.file_id(name)}")
    assert one.content == oldest.files[name]
    assert one.headers["etag"].startswith("W/")


# --- the other hosts -----------------------------------------------------------------------------------------------


def test_pages_of_the_site_carry_their_data(fake: FakePublishers) -> None:
    site = Client(fake, "ees_site")
    page = site.get("/find-statistics/children-in-need/2024/explore")
    data = re.search(r'<script id="__NEXT_DATA__"[^>]*>(.*?)</script>', page.text, re.DOTALL)
    assert data is not None
    inside = json.loads(data[1])["props"]["pageProps"]
    assert inside["releaseVersionSummary"]["id"] == fake.world.latest("dfe_cin").version_id
    assert {d["dataSetFileId"] for d in inside["dataContent"]["dataSets"]} == {
        fake.world.latest("dfe_cin").data_set_id(n) for n in fake.world.latest("dfe_cin").files
    }
    for path, status, to in (
        ("children-in-need/2024/data-guidance", 308, "children-in-need/2024/explore#data-guidance-section"),
        ("children-in-need/data-guidance", 308, "children-in-need"),
        ("characteristics-of-children-in-need/2024", 301, "children-in-need/2024"),
        ("children-in-need", 308, "children-in-need/2024"),
        ("children-in-need/explore", 308, "children-in-need/2024/explore"),
        ("Children-In-Need/2024", 301, "children-in-need/2024"),
    ):
        answer = site.get(f"/find-statistics/{path}")
        assert (answer.status_code, answer.headers["location"]) == (status, f"/ees-site/find-statistics/{to}")
    assert site.get("/find-statistics/children-in-need/1999").status_code == 404


def test_the_json_of_a_series_is_its_csv(fake: FakePublishers) -> None:
    ons = Client(fake, "ons")
    uri = "/economy/inflationandpriceindices/timeseries/l522/mm23"
    rows = dict(r[:2] for r in csv.reader(io.StringIO(ons.get("/generator", format="csv", uri=uri).text)) if len(r) > 1)
    twin = ons.json(f"{uri}/data")
    assert (twin["description"]["title"], twin["description"]["cdid"]) == (rows["Title"], rows["CDID"])
    figures = {p["date"]: p["value"] for part in ("years", "quarters", "months") for p in twin[part]}
    assert figures
    assert figures == {d: v for d, v in rows.items() if re.fullmatch(r"\d{4}( (Q\d|[A-Z]{3}))?", d)}
    march = next(m for m in twin["months"] if m["date"].endswith("MAR"))
    assert (march["month"], march["quarter"]) == ("March", "")
    assert httpx.get(f"{ons.base}{uri}/data").status_code == 403
    assert ons.get("/economy/none/data").status_code == 404


def test_nomis_leaves_out_what_is_beyond_the_cap(sample: Any) -> None:
    with FakePublishers(sample.returns, "", ["ons_population"]) as fake:
        nomis = Client(fake, "nomis")

        def rows(**asked: Any) -> list[str]:
            return nomis.get("/api/v01/dataset/NM_2002_1.data.csv", **asked).text.splitlines()[1:]

        everything = rows()
        assert len(everything) > 1_000
        fake.nomis_cap = 1_000
        assert rows(recordlimit=25_000) == everything[:1_000]
        assert rows(recordlimit=25_000, recordoffset=1_000) == everything[1_000:2_000]
        latest = rows(date="latest", geography="E08000016", select="date_name,geography_code,obs_value")
        assert latest
        assert {r.split(",")[1] for r in latest} == {'"E08000016"'}
        assert {r.split(",")[0] for r in latest} == {max(r.split(",")[0] for r in everything)}


# --- sizes ---------------------------------------------------------------------------------------------------------


def test_a_file_of_more_rows_than_a_sheet_has_arrives_whole(start: Start, tmp_path: Path) -> None:
    fake = start("a-million-rows", ["dfe_cin"])
    held = fake.world.latest("dfe_cin").files[B1]
    assert held.count(b"\n") > SHEET_ROWS
    settings, report = cin(fake, tmp_path, deadline=120.0, timeout=60.0)
    assert report.failed == {}
    assert sha256_of(arrived(settings)[B1]) == sha256_of(held)


def test_a_sheet_filled_to_its_end_lands_as_the_one_that_is_not(start: Start, tmp_path: Path) -> None:
    landed: list[dict[str, bytes]] = []
    for scenario in ("", "ods-a-million-rows"):
        fake = start(scenario, ["ofsted_la_outcomes"])
        (data,) = [a.data for a in fake.world.page_of("ofsted_la_outcomes").attachments]
        with zipfile.ZipFile(io.BytesIO(data)) as z:
            assert (b'number-rows-repeated="10' in z.read("content.xml")) is bool(scenario)
        settings = settings_for(fake, tmp_path / (scenario or "plain"))
        assert fetch(settings, sources=["ofsted_la_outcomes"]).failed == {}
        land = land_folders(settings, [settings.incoming], workers=1)
        assert land.refused == []
        tables = settings.landing.glob("ofsted_la_outcomes/*/2024.csv")
        # Each row says of which bytes it comes.
        landed.append({p.parent.name: p.read_bytes().replace(sha256_of(data).encode(), b"") for p in tables})
    assert len(landed[0]) == 4
    assert landed[0] == landed[1]


# --- GOV.UK and Ofsted ---------------------------------------------------------------------------------------------


def test_a_page_has_attachments_of_every_kind(fake: FakePublishers) -> None:
    govuk = Client(fake, "govuk")
    collection = govuk.json("/api/content/government/collections/childrens-social-care-statistics")
    paths = [d["base_path"] for d in collection["links"]["documents"]]
    path = "/government/statistics/local-authority-inspection-outcomes-as-at-31-march-2024"
    assert path in paths
    page = govuk.json(f"/api/content{path}")
    kinds = {a["attachment_type"] for a in page["details"]["attachments"]}
    assert kinds == {"html", "external", "file"}
    for a in page["details"]["attachments"]:
        # Only these are sure to be there.
        assert {"attachment_type", "id", "url"} <= a.keys()
    assert "filename" not in next(a for a in page["details"]["attachments"] if a["attachment_type"] == "external")
    etag = govuk.get(f"/api/content{path}").headers["etag"]
    again = httpx.get(f"{govuk.base}/api/content{path}", headers={"If-None-Match": etag})
    assert again.status_code == 304


def test_a_minor_edit_moves_the_attachment_and_no_public_day(start: Start) -> None:
    fake = start(sources=["ofsted_la_outcomes"])
    govuk = Client(fake, "govuk")
    path = f"/api/content{fake.world.page_of('ofsted_la_outcomes').path}"
    before = govuk.json(path)
    fake.turn_to("minor-edit")
    after = govuk.json(path)
    same = ("public_updated_at", "title", "base_path")
    assert {k: after[k] for k in same} == {k: before[k] for k in same}
    assert after["details"]["change_history"] == before["details"]["change_history"]
    assert after["updated_at"] > before["updated_at"]
    old, new = (
        [a["url"] for a in p["details"]["attachments"] if a["attachment_type"] == "file"] for p in (before, after)
    )
    assert old != new
    assert httpx.get(old[0]).status_code == 301


def test_the_list_is_capped_and_prints_official_names(start: Start) -> None:
    ofsted = Client(start(sources=["ofsted_reports"]), "ofsted_reports")
    asked = {"level_1_types": "3", "level_2_types[]": "12", "rows": "1000"}
    first = ofsted.get("/search", **asked, start="0").text
    second = ofsted.get("/search", **asked, start="100").text
    assert "153 results" in first
    assert (first.count("/provider/44/"), second.count("/provider/44/")) == (100, 54)
    assert "Barnsley Metropolitan Borough Council" in first
    assert "London Borough of Barnet" in first
    assert ofsted.get("/search", rows="1000", start="0").text.count("/provider/") == 0
    assert httpx.get(f"{ofsted.base}/search").status_code == 403


def test_nomis_has_other_areas_in_each_type(sample: Any) -> None:
    with FakePublishers(sample.returns, "", ["ons_population"]) as fake:
        nomis = Client(fake, "nomis")

        def areas(kind: str) -> set[str]:
            select = "geography_code,obs_value"
            text = nomis.get("/api/v01/dataset/NM_2002_1.data.csv", geography=kind, date="latest", select=select).text
            return {r[0] for r in csv.reader(io.StringIO(text)) if r[1] not in ("", "OBS_VALUE")}

        assert not any(a.startswith("E10") for a in areas("TYPE464"))
        assert {"E10000006", "E10000023"} & areas("TYPE423") == set()
        assert {"E06000061", "E06000062"} <= areas("TYPE431")
