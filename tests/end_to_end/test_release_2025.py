"""The release of 2025: no rates, other names, population in a file of its own. A passport entry absorbs it."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from flows.common.errors import CswError
from flows.common.settings import ROOT, Settings
from flows.landing.entries import write_entries
from flows.landing.land import land_returns
from flows.landing.new_edition import new_edition
from tests.conftest import Sample
from tests.end_to_end.conftest import Refreshed
from tests.later_releases import B1, C1, INDICATORS, POPULATION, RENAMED, cin_of_2025, rows_of, written
from tests.made_up import b1, put


@pytest.fixture(scope="module")
def release(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The three files of the release, made from the sample's of 2024."""
    folder = tmp_path_factory.mktemp("release-2025")
    return [put(folder, name, content) for name, content in cin_of_2025(sample.returns).items()]


@pytest.fixture
def absorbed(refreshed: Refreshed) -> Path:
    """The warehouse of the sample with the later releases on top. Read only."""
    return refreshed.installation.settings.published


def figure(con: duckdb.DuckDBPyConnection, la: str, year: int, measure: str) -> tuple[float, str, bool]:
    """Value, edition and whether it is of a joint return."""
    (found,) = con.execute(
        "select value, edition, is_joint_return from marts.fct_la_year_measure "
        "where la_code = ? and year = ? and measure_id = ?",
        [la, year, measure],
    ).fetchall()
    return found


def test_rates_are_over_the_population_of_the_newest_release(
    absorbed: Path, release: list[Path], refreshed: Refreshed
) -> None:
    with duckdb.connect(str(absorbed), read_only=True) as con:
        count, population, rate, edition = con.execute(
            """
            select numerator, denominator, value, edition from marts.fct_la_year_measure
            where la_code = '886' and year = 2024 and measure_id = 'cin_at_31_march_rate_per_10k'
            """
        ).fetchall()[0]
        assert edition == "2025"
        printed = {r["time_period"]: r for r in rows_of(release[0]) if r["old_la_code"] == "886"}
        people = {
            r["time_period"]: r
            for r in rows_of(refreshed.delivery / "cla_number_and_rate_per_10k_children.csv")
            if r["old_la_code"] == "886"
        }
        assert count == float(printed["2024"]["At31_episodes"])
        # Children looked after are published later than children in need, with populations of their own.
        assert population == float(people["2024"]["population_estimate"])
        assert rate == pytest.approx(10_000 * count / population)
        referrals, share = (
            con.execute(
                "select value from marts.fct_la_year_measure "
                "where la_code = '886' and year = 2024 and measure_id = ? and edition = '2025'",
                [measure],
            ).fetchall()[0][0]
            for measure in ("referrals_count", "rereferrals_pct")
        )
        c1 = next(r for r in rows_of(release[1]) if r["old_la_code"] == "886" and r["time_period"] == "2024")
        assert (referrals, share) == (float(c1["referral_count"]), float(c1["rereferral_percent"]))


def test_children_looked_after_are_read_under_their_names_of_2025(absorbed: Path, refreshed: Refreshed) -> None:
    def printed(file: str, column: str, **words: str) -> float:
        wanted = {"old_la_code": "886", "time_period": "2025", **words}
        (row,) = (r for r in rows_of(refreshed.delivery / file) if wanted.items() <= r.items())
        return float(row[column])

    with duckdb.connect(str(absorbed), read_only=True) as con:
        assert figure(con, "886", 2025, "cla_at_31_march_count")[:2] == (
            printed(
                "cla_number_and_rate_per_10k_children.csv",
                "children_count",
                population_type="Children looked after on 31 March each year",
            ),
            "2025",
        )
        assert figure(con, "886", 2025, "cla_full_care_order_count")[:2] == (
            printed(
                "la_cla_on_31_march_by_characteristics.csv",
                "children_count",
                characteristic="Legal status",
                breakdown="Full care order",
            ),
            "2025",
        )
        assert figure(con, "886", 2025, "care_leavers_unsuitable_accommodation_pct")[:2] == (
            printed(
                "la_care_leavers_accommodation_suitability.csv",
                "care_leaver_percent",
                care_leaver_age="19 to 21 years",
                breakdown="Accommodation considered unsuitable",
            ),
            "2025",
        )


def test_a_return_printed_under_two_codes_is_of_both(absorbed: Path, refreshed: Refreshed) -> None:
    rows = [r for r in rows_of(refreshed.delivery / INDICATORS) if r["time_period"] == "2024"]
    with duckdb.connect(str(absorbed), read_only=True) as con:
        for code in ("314 / 318", "940 / 941"):
            (joint,) = (r for r in rows if r["old_la_code"] == code)
            for column, measure in (
                ("inpost_fte", "social_workers_fte"),
                ("agency_rate_fte", "agency_rate_pct"),
                ("turnover_rate_fte", "turnover_rate_pct"),
            ):
                for la in code.split(" / "):
                    # September 2024 is of the reporting year that ends in March 2025.
                    assert figure(con, la, 2025, measure) == (float(joint[column]), "2024", True)
        (kent,) = (r for r in rows if r["old_la_code"] == "886")
        assert figure(con, "886", 2025, "social_workers_fte") == (float(kent["inpost_fte"]), "2024", False)


def project_without(tmp_path: Path) -> Path:
    """The project's passports and seeds as they were before the entry of 2025."""
    root = tmp_path / "project"
    shutil.copytree(ROOT / "flows" / "sources", root / "flows" / "sources")
    shutil.copytree(ROOT / "dbt_project" / "seeds", root / "dbt_project" / "seeds")
    passport = root / "flows" / "sources" / "dfe_cin.yml"
    lines = [x for x in passport.read_text(encoding="utf-8").splitlines() if '"2025":' not in x]
    text = "\n".join(lines)
    for new in ("|referral_count", "|rereferral_count", "|rereferral_percent"):
        text = text.replace(new, "")
    passport.write_text(text, encoding="utf-8")
    seed = root / "dbt_project" / "seeds" / "measure_source.csv"
    kept = [x for x in seed.read_text(encoding="utf-8").splitlines() if not x.startswith("dfe_cin,c1_referrals,2025")]
    seed.write_text("\n".join(kept).replace(",2020,2024,", ",2020,,") + "\n", encoding="utf-8")
    return root


def test_before_its_entry_it_is_refused_and_says_what_to_do(tmp_path: Path, release: list[Path]) -> None:
    settings = Settings(root=project_without(tmp_path), data=tmp_path / "data")
    folder = tmp_path / "in"
    for path in release:
        put(folder, path.name, path.read_bytes())
    put(folder, B1.format(2022), b1())
    report = land_returns(settings, folder, workers=1)
    # Everything else goes on.
    assert [(x.table_name, x.edition) for x in report.landed] == [("b1_children_in_need", "2022")]
    said = {r.file: str(r) for r in (*report.refused, *report.not_described)}
    assert set(said) == {p.name for p in release}
    assert "runs to 2025" in said[B1.format(2025)]
    assert "flows/sources/dfe_cin.yml" in said[B1.format(2025)]
    for words in ("column 're_referrals'", "rereferral_count", "flows/sources/dfe_cin.yml", "measure_source.csv"):
        assert words in said[C1.format(2025)], said[C1.format(2025)]
    assert "2024" in said[POPULATION]


def test_the_entry_alone_absorbs_it(tmp_path: Path, release: list[Path]) -> None:
    settings = Settings(data=tmp_path / "data")
    for path in release:
        put(tmp_path / "in", path.name, path.read_bytes())
    report = land_returns(settings, tmp_path / "in", workers=1)
    assert report.refused == []
    assert {(x.table_name, x.edition) for x in report.landed} == {
        ("b1_children_in_need", "2025"),
        ("c1_referrals", "2025"),
        ("population", "2025"),
    }
    assert {(x.published_on, x.published_basis) for x in report.landed} == {("2025-10-30", "stated")}


def test_new_edition_drafts_the_entry_that_absorbs_it(tmp_path: Path, sample: Sample, release: list[Path]) -> None:
    settings = Settings(root=project_without(tmp_path), data=tmp_path / "data")
    for name in (B1.format(2024), C1.format(2024)):
        put(tmp_path / "in", name, (sample.returns / "dfe_cin" / "2024" / name).read_bytes())
    land_returns(settings, tmp_path / "in", workers=1)
    draft = new_edition(settings, "dfe_cin", release[1])
    assert (draft.table, draft.edition, draft.compared_with) == ("c1_referrals", "2025", "2024")
    expected = {a: b for a, b in RENAMED.items() if a.casefold() != b.casefold()}
    assert {m.old: m.new for m in draft.renamed} == expected
    assert all("figures are the same" in m.why for m in draft.renamed)
    assert "Referrals_rate" in draft.lost
    assert draft.magnitudes == []
    assert draft.symbols == {}
    assert draft.unknown_codes == {}
    assert draft.unmapped == ["Referrals_rate (referrals_rate_per_10k, value)"]
    text = draft.text()
    for words in ("Referrals → referral_count", '"2025": {published_on: 2025-10-30, symbols: ees}', "end with 2024"):
        assert words in text
    comments = [x for x in (settings.passports / "dfe_cin.yml").read_text().splitlines() if "#" in x]
    write_entries(settings, draft)
    assert [x for x in (settings.passports / "dfe_cin.yml").read_text().splitlines() if "#" in x] == comments
    put(tmp_path / "next", release[1].name, release[1].read_bytes())
    report = land_returns(settings, tmp_path / "next", workers=1)
    assert report.refused == []
    assert ("c1_referrals", "2025") in {(x.table_name, x.edition) for x in report.landed}
    # Once it is known there is nothing more to draft.
    again = new_edition(settings, "dfe_cin", release[1])
    assert again.changes_nothing, again.text()


def test_new_edition_says_what_else_changed(tmp_path: Path, sample: Sample, release: list[Path]) -> None:
    settings = Settings(data=tmp_path / "data")
    put(tmp_path / "in", B1.format(2024), (sample.returns / "dfe_cin" / "2024" / B1.format(2024)).read_bytes())
    land_returns(settings, tmp_path / "in", workers=1)
    rows = rows_of(release[0])
    for r in rows:
        r["Started_episodes"] = str(int(r["Started_episodes"]) * 1000) if r["Started_episodes"].isdigit() else "?!"
        if r["old_la_code"] == "886":
            r.update(old_la_code="777", la_name="Atlantis")
    changed = put(tmp_path, B1.format(2025), written(rows))
    draft = new_edition(settings, "dfe_cin", changed)
    assert [(c, round(r)) for c, r in draft.magnitudes] == [("Started_episodes", 1000)]
    assert set(draft.symbols) <= {"?!"}
    assert draft.unknown_codes == {"777": "Atlantis"}
    with pytest.raises(CswError, match=r"no publication is called dfe_cni\. Nearest: dfe_cin"):
        new_edition(settings, "dfe_cni", changed)
    with pytest.raises(CswError, match="is not like any landed table"):
        new_edition(settings, "dfe_cin", put(tmp_path, "letter.csv", b"dear,sir\nyours,truly\n"))
    with pytest.raises(CswError, match="is not a file"):
        new_edition(settings, "dfe_cin", tmp_path / "nothing.csv")
    with pytest.raises(CswError, match="nothing of dfe_cla is landed"):
        new_edition(settings, "dfe_cla", changed)
