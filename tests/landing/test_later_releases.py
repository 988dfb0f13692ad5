"""Releases later than the sample's: entries of passport and seed absorb them; until then they are refused by name."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from flows.common.settings import ROOT, Settings
from flows.landing.catalogue import landed_path
from flows.landing.entries import write_entries
from flows.landing.grids import label
from flows.landing.land import land_returns
from flows.landing.new_edition import new_edition
from flows.landing.under_way import LandingReport
from tests.conftest import Sample
from tests.later_releases import Row, cla_of_2025, cla_words_of_2025, rows_of, workforce_indicators, written
from tests.made_up import B1_NAME, b1, put

PLACEMENTS = "la_cla_during_year_new_placements.csv"
NUMBERS = "cla_number_and_rate_per_10k_children.csv"
#: Files of children looked after whose names of 2025 are known (or taken by analogy), and their tables.
CLA_2025 = {
    NUMBERS: "number_and_rate",
    PLACEMENTS: "new_placements",
    "la_cla_on_31_march_by_characteristics.csv": "at_31_march",
    "la_children_who_ceased_during_the_year.csv": "ceased_by_characteristic",
    "la_cla_placement_stability.csv": "placement_stability",
    "la_conviction_health_outcome_cla.csv": "conviction_health",
    "la_care_leavers_activity.csv": "care_leaver_activity",
    "la_care_leavers_accommodation_suitability.csv": "care_leaver_accommodation_suitability",
}
#: The sample has none of 2024: made of that of 2022.
STARTED = "la_children_who_started_to_be_looked_after_during_the_year.csv"
#: The counts of 2025 under their names of 2024.
COUNTS = {"children_count": "number", "children_percent": "percentage"}
WORKFORCE = "csww_headline_measures_2017_to_2022.csv"
INDICATORS = "csww_indicators_2017_to_{}.csv"


@pytest.fixture(scope="module")
def cla(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Row]]:
    """The release of 2025, as far as its names are known: rows by file name."""
    found = sample.returns / "dfe_cla"
    made = {name: cla_of_2025(rows_of(found / "2024" / name)) for name in CLA_2025}
    made[STARTED] = cla_of_2025(rows_of(found / "2022" / "la_cla_who_started_to_be_looked_after.csv"))
    return made


@pytest.fixture(scope="module")
def workforce(sample: Sample) -> list[Row]:
    """The headline measures of 2022, in the sample."""
    return rows_of(sample.returns / "dfe_workforce" / "2022" / WORKFORCE)


def landed(settings: Settings, folder: Path, files: dict[str, list[Row]]) -> LandingReport:
    for name, rows in files.items():
        put(folder, name, written(rows))
    return land_returns(settings, folder, workers=1)


def refusal(settings: Settings, folder: Path, name: str, rows: list[Row]) -> str:
    report = landed(settings, folder, {name: rows})
    assert len(report.refused) == 1, report
    return str(report.refused[0])


def landed_rows(settings: Settings, source: str, table: str, edition: str) -> list[Row]:
    return rows_of(landed_path(settings, source, table, edition))


def seed() -> list[Row]:
    return rows_of(ROOT / "dbt_project" / "seeds" / "measure_source.csv")


def figures(settings: Settings, source: str, table: str, edition: str, period: str) -> dict[tuple[str, ...], list[str]]:
    """What an edition says of a period, as the seed maps it: by measure, component and authority."""
    rows = [r for r in landed_rows(settings, source, table, edition) if r["_period"] == period and r["_level"] == "la"]
    names = {label(c): c for c in rows[0]}
    found: dict[tuple[str, ...], list[str]] = {}
    for m in seed():
        if (m["source"], m["table_name"]) != (source, table):
            continue
        if m["edition_from"] <= edition and (not m["edition_to"] or edition <= m["edition_to"]):
            column = names[label(m["column_name"])]
            for r in rows:
                if r["_filter"] == m["filter"]:
                    found.setdefault((m["measure_id"], m["component"], r["_la_code"]), []).append(r[column])
    return found


# -- children looked after, 2025 ---------------------------------------------


def test_children_looked_after_2025_reads_as_2024_did(
    settings: Settings, sample: Sample, cla: dict[str, list[Row]], tmp_path: Path
) -> None:
    old = sample.returns / "dfe_cla" / "2024"
    for name in CLA_2025:
        put(tmp_path / "in" / "2024", name, (old / name).read_bytes())
    report = landed(settings, tmp_path / "in", cla)
    assert (report.refused, report.unrecognised) == ([], [])
    new = [x for x in report.landed if x.edition == "2025"]
    assert {x.table_name for x in new} == {*CLA_2025.values(), "started_by_characteristic"}
    assert {(x.published_on, x.published_basis) for x in new} == {("2025-11-26", "stated")}
    mapped = 0
    for table in CLA_2025.values():
        before, after = (landed_rows(settings, "dfe_cla", table, e) for e in ("2024", "2025"))
        assert {r["_filter"] for r in after} == {cla_words_of_2025(r["_filter"]) for r in before}, table
        known = figures(settings, "dfe_cla", table, "2024", "2024")
        assert figures(settings, "dfe_cla", table, "2025", "2024") == known, table
        mapped += len(known)
    assert mapped > 1000


def test_what_is_called_characteristic_is_told_by_what_stands_beside_it(
    settings: Settings, sample: Sample, cla: dict[str, list[Row]], tmp_path: Path
) -> None:
    """Beside cla_group it is the value, beside breakdown the group; the landed filter says the same of both."""
    put(tmp_path / "in" / "2024", PLACEMENTS, (sample.returns / "dfe_cla" / "2024" / PLACEMENTS).read_bytes())
    landed(settings, tmp_path / "in", {PLACEMENTS: cla[PLACEMENTS]})
    group, value = "Location of new placements during the year", "Distance not known or not recorded"
    for edition, columns in (("2024", ("cla_group", "characteristic")), ("2025", ("characteristic", "breakdown"))):
        rows = landed_rows(settings, "dfe_cla", "new_placements", edition)
        told = {r["_filter"] for r in rows if tuple(r[c] for c in columns) == (group, value)}
        assert told == {f"cla_group={group}|characteristic={value}"}, edition


def test_what_is_called_characteristic_is_never_read_as_both(
    settings: Settings, cla: dict[str, list[Row]], tmp_path: Path
) -> None:
    rows = [{k: v for k, v in r.items() if k != "breakdown"} for r in cla[PLACEMENTS]]
    said = refusal(settings, tmp_path / "in", PLACEMENTS, rows)
    assert "column 'breakdown'" in said
    assert "characteristic is read as cla_group" in said


@pytest.mark.parametrize(
    ("edition", "names", "missing"),
    [
        ("2025", {"characteristic": "cla_group", "breakdown": "characteristic"} | COUNTS, "children_count"),
        ("2024", {}, "number"),
    ],
)
def test_an_editions_figures_are_not_sought_under_anothers_names(
    settings: Settings, cla: dict[str, list[Row]], tmp_path: Path, edition: str, names: dict[str, str], missing: str
) -> None:
    """The old names under the new year, and the new names under the old one, are refused, not guessed."""
    name = "la_cla_on_31_march_by_characteristics.csv"
    rows = [{names.get(k, k): v for k, v in r.items()} for r in cla[name] if r["time_period"] <= edition]
    said = refusal(settings, tmp_path / "in", name, rows)
    assert f"column '{missing}'" in said
    assert "measure_source.csv" in said


def test_children_looked_after_2025_is_known_without_its_names(
    settings: Settings, cla: dict[str, list[Row]], tmp_path: Path
) -> None:
    """The catalogue's files may come under other names; columns and labels tell them."""
    report = landed(settings, tmp_path / "in", {f"data-{i}.csv": cla[name] for i, name in enumerate(CLA_2025)})
    assert report.refused == []
    assert [x.table_name for x in report.landed] == list(CLA_2025.values())


def test_tables_whose_names_of_2025_are_not_known_are_read_under_those_of_2024_and_no_others(
    settings: Settings, sample: Sample, tmp_path: Path
) -> None:
    name = "la_cla_on_31_march_la_of_placement_netgain.csv"
    rows = cla_of_2025(rows_of(sample.returns / "dfe_cla" / "2024" / name))
    report = landed(settings, tmp_path / "same", {name: rows})
    assert [(x.table_name, x.edition) for x in report.landed] == [("placement_authority", "2025")]
    renamed = [{"children_count" if k == "number" else k: v for k, v in r.items()} for r in rows]
    said = refusal(settings, tmp_path / "renamed", name, renamed)
    assert "column 'number': dfe_cla placement_authority (any edition) needs this column" in said
    assert "Not known here: children_count." in said


# -- social work workforce, 2023 to 2025 -------------------------------------


def test_the_workforce_indicators_read_as_the_headline_measures_did(
    settings: Settings, workforce: list[Row], tmp_path: Path
) -> None:
    files = {INDICATORS.format(year): workforce_indicators(workforce, year) for year in (2023, 2024, 2025)}
    report = landed(settings, tmp_path / "in", {WORKFORCE: workforce, **files})
    assert (report.refused, report.unrecognised) == ([], [])
    assert [(x.table_name, x.edition, x.published_on, x.published_basis) for x in report.landed] == [
        ("headline_measures", "2022", "2023-02-23", "usual"),
        ("headline_measures", "2023", "2024-02-29", "stated"),
        ("headline_measures", "2024", "2025-02-27", "usual"),
        ("headline_measures", "2025", "2026-03-19", "stated"),
    ]
    before = figures(settings, "dfe_workforce", "headline_measures", "2022", "2022")
    # Since 2023 a joint return is under both codes, and no row says that the second has none.
    both = {"314": "314 / 318", "940": "940 / 941"}
    expected = {(m, c, both.get(la, la)): v for (m, c, la), v in before.items() if la not in {"318", "941"}}
    assert len({m for m, *_ in expected}) == 6
    for edition in ("2023", "2024", "2025"):
        assert figures(settings, "dfe_workforce", "headline_measures", edition, "2022") == expected, edition


def test_a_joint_returns_codes_are_those_of_the_reporting_units(
    settings: Settings, workforce: list[Row], tmp_path: Path
) -> None:
    landed(settings, tmp_path / "in", {INDICATORS.format(2023): workforce_indicators(workforce, 2023)})
    rows = landed_rows(settings, "dfe_workforce", "headline_measures", "2023")
    joint = {(r["_la_code"], r["_gss_code"], r["_la_name"], r["_level"]) for r in rows if "/" in r["_la_code"]}
    assert joint == {
        ("314 / 318", "E09000021 / E09000027", "Kingston upon Thames / Richmond upon Thames", "la"),
        ("940 / 941", "E06000061 / E06000062", "North Northamptonshire / West Northamptonshire", "la"),
    }
    units = rows_of(ROOT / "dbt_project" / "seeds" / "reporting_unit.csv")
    # In no edition in particular: whichever prints the two codes means both.
    members = {code: {u["la_code"] for u in units if u["unit_code"] == code and not u["source"]} for code, *_ in joint}
    assert members == {"314 / 318": {"314", "318"}, "940 / 941": {"940", "941"}}


# -- before the entries ------------------------------------------------------


def project_before(root: Path, source: str, since: str, undo: Callable[[str], str] = lambda text: text) -> Settings:
    """The project's passports and seeds before the entries of an edition of a publication.

    Args:
        root: where to put them.
        source: the publication.
        since: the first edition that is taken back.
        undo: takes the names of its columns and files out of the passport.
    """
    shutil.copytree(ROOT / "flows" / "sources", root / "flows" / "sources")
    shutil.copytree(ROOT / "dbt_project" / "seeds", root / "dbt_project" / "seeds")
    passport = root / "flows" / "sources" / f"{source}.yml"
    lines = passport.read_text(encoding="utf-8").splitlines(keepends=True)
    editions = {x.split('"')[1]: x for x in lines if x.startswith('  "') and "published_on" in x}
    assert since in editions
    gone = {line for edition, line in editions.items() if edition >= since}
    passport.write_text(undo("".join(x for x in lines if x not in gone)), encoding="utf-8")
    last = max(e for e in editions if e < since)
    rows = [
        {**r, "edition_to": ""} if (r["source"], r["edition_to"]) == (source, last) else r
        for r in seed()
        if r["source"] != source or r["edition_from"] < since
    ]
    (root / "dbt_project" / "seeds" / "measure_source.csv").write_bytes(written(rows))
    return Settings(root=root, data=root / "data")


def without(names: dict[str, str]) -> Callable[[str], str]:
    """Takes names out of a passport; each must be in it."""

    def undo(passport: str) -> str:
        for now, before in names.items():
            assert now in passport, now
            passport = passport.replace(now, before)
        return passport

    return undo


NAMES_OF_2025 = {
    "cla_group|characteristic": "cla_group",
    "|breakdown": "",
    "|population_type": "",
    "|children_count": "",
    "|children_percent": "",
    "|care_leaver_age": "",
    "|care_leaver_count": "",
    "|care_leaver_percent": "",
}


def test_before_its_entry_children_looked_after_2025_is_refused_by_column(
    cla: dict[str, list[Row]], sample: Sample, tmp_path: Path
) -> None:
    settings = project_before(tmp_path / "project", "dfe_cla", "2025", without(NAMES_OF_2025))
    put(tmp_path / "in", B1_NAME, b1())
    put(tmp_path / "in" / "2024", NUMBERS, (sample.returns / "dfe_cla" / "2024" / NUMBERS).read_bytes())
    report = landed(settings, tmp_path / "in", cla)
    # Everything else goes on.
    assert {(x.table_name, x.edition) for x in report.landed} == {
        ("b1_children_in_need", "2022"),
        ("number_and_rate", "2024"),
    }
    said = {r.file: str(r) for r in report.refused}
    assert set(said) == set(cla)
    assert all("say so in flows/sources/dfe_cla.yml and measure_source.csv" in x for x in said.values())
    absent = "(any edition) needs this column and it is not there."
    assert (
        f"{NUMBERS}, row 1, column 'number': dfe_cla number_and_rate {absent} "
        "Not known here: population_type, children_count. Missing too: population_count."
    ) in said[NUMBERS]
    assert (
        f"{PLACEMENTS}, row 1, column 'cla_group': dfe_cla new_placements {absent} "
        "Not known here: breakdown, children_count, children_percent. Missing too: number, percentage."
    ) in said[PLACEMENTS]
    for name, column, new in (
        ("la_cla_placement_stability.csv", "number", "children_count"),
        ("la_conviction_health_outcome_cla.csv", "cla_group", "breakdown"),
        ("la_care_leavers_activity.csv", "activity", "care_leaver_age"),
        ("la_care_leavers_accommodation_suitability.csv", "accommodation_suitability", "care_leaver_age"),
    ):
        assert f"column '{column}'" in said[name]
        assert new in said[name].split("Not known here: ")[1].split(".")[0]


def test_before_its_edition_a_release_of_known_names_is_listed_by_year(
    cla: dict[str, list[Row]], workforce: list[Row], tmp_path: Path
) -> None:
    """The columns are known, the year is not."""
    settings = project_before(tmp_path / "cla", "dfe_cla", "2025")
    (said,) = map(str, landed(settings, tmp_path / "in", {PLACEMENTS: cla[PLACEMENTS]}).not_described)
    assert "dfe_cla new_placements runs to 2025, and the passport has no such edition" in said
    assert "`csw new-edition` drafts what takes it in" in said
    settings = project_before(tmp_path / "workforce", "dfe_workforce", "2024")
    report = landed(
        settings,
        tmp_path / "more",
        {INDICATORS.format(year): workforce_indicators(workforce, year) for year in (2023, 2024)},
    )
    assert [(x.table_name, x.edition) for x in report.landed] == [("headline_measures", "2023")]
    assert report.refused == []
    assert [r.file for r in report.not_described] == [INDICATORS.format(2024)]
    assert "runs to 2024" in str(report.not_described[0])


#: The name that the workforce's passport needs, and the name of the file.
COLUMN = {"social_worker_fte|inpost_fte": "social_worker_fte"}
FILE = {"(headline_measures|indicators)": "headline_measures"}


def test_before_its_entry_a_file_of_another_name_is_listed_and_of_a_known_name_refused(
    workforce: list[Row], tmp_path: Path
) -> None:
    name = INDICATORS.format(2023)
    files = {WORKFORCE: workforce, name: workforce_indicators(workforce, 2023)}
    report = landed(
        project_before(tmp_path / "1", "dfe_workforce", "2023", without(COLUMN | FILE)), tmp_path / "in", files
    )
    assert [(x.table_name, x.edition) for x in report.landed] == [("headline_measures", "2022")]
    assert (report.unrecognised, report.refused) == (
        [f"{name} (known publication (dfe_workforce), table not described)"],
        [],
    )
    report = landed(project_before(tmp_path / "2", "dfe_workforce", "2023", without(COLUMN)), tmp_path / "in", files)
    assert [(x.table_name, x.edition) for x in report.landed] == [("headline_measures", "2022")]
    (said,) = map(str, report.refused)
    assert said.startswith(f"{name}, row 1, column 'social_worker_fte': dfe_workforce headline_measures (any edition)")
    assert said.endswith("say so in flows/sources/dfe_workforce.yml and measure_source.csv.")


def test_new_edition_drafts_the_entry_of_the_workforce_indicators(workforce: list[Row], tmp_path: Path) -> None:
    settings = project_before(tmp_path / "project", "dfe_workforce", "2023", without(COLUMN | FILE))
    landed(settings, tmp_path / "in", {WORKFORCE: workforce})
    name = INDICATORS.format(2023)
    file = put(tmp_path / "next", name, written(workforce_indicators(workforce, 2023)))
    draft = new_edition(settings, "dfe_workforce", file)
    assert (draft.table, draft.edition, draft.compared_with) == ("headline_measures", "2023", "2022")
    assert draft.unknown_codes == {}
    write_entries(settings, draft)
    report = land_returns(settings, tmp_path / "next", workers=1)
    assert report.refused == []
    assert ("headline_measures", "2023") in {(x.table_name, x.edition) for x in report.landed}
    expected = {
        (r["column_name"], r["measure_id"])
        for r in seed()
        if r["source"] == "dfe_workforce" and r["edition_from"] == "2023"
    }
    assert {(r["column_name"], r["measure_id"]) for r in draft.new_rows} == expected
