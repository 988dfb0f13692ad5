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
from tests.installation import Installation
from tests.later_releases import cla_of_2025, grown, rows_of, workforce_indicators, written
from tests.made_up import b1, put

B1 = "b1_children_in_need_2013_to_{}.csv"
C1 = "c1_children_in_need_referrals_and_rereferrals_2013_to_{}.csv"
POPULATION = "ons_mid-year_population_estimates_2012_to_2024.csv"
INDICATORS = "csww_indicators_2017_to_2024.csv"
#: 2024's names of c1 and 2025's (publisher's files).
RENAMED = {
    "Referrals": "referral_count",
    "Re_referrals": "rereferral_count",
    "Re_referrals_percent": "rereferral_percent",
    "No_Further_Action": "no_further_action_count",
    "No_Further_Action_percent": "no_further_action_percent",
    "Not_in_Need": "not_in_need_count",
    "Not_in_Need_percent": "not_in_need_percent",
}


def as_in_2025(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """A table of 2024 in the shape of 2025, with a year more."""
    shaped = [{RENAMED.get(k, k): v for k, v in r.items() if not k.endswith("_rate")} for r in rows]
    newest = [r for r in shaped if r["time_period"] == "2024" and r["old_la_code"]]
    return shaped + [{k: grown(k, v, 1.04) for k, v in {**r, "time_period": "2025"}.items()} for r in newest]


def population_of_2025(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """Population by mid-year to 2024: what the release of 2022 prints for mid-2020, in every year."""
    newest = max(r["time_period"] for r in rows)
    return [
        {k: grown(k, v, 1 + (year - 2020) / 200) for k, v in {**r, "time_period": str(year)}.items()}
        for year in range(2012, 2025)
        for r in rows
        if r["time_period"] == newest and r["old_la_code"]
    ]


@pytest.fixture(scope="module")
def release(published: Installation, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The three files of the release, made from the sample's of 2024."""
    folder = tmp_path_factory.mktemp("release-2025")
    found = published.returns / "dfe_cin"
    return [
        put(folder, B1.format(2025), written(as_in_2025(rows_of(found / "2024" / B1.format(2024))))),
        put(folder, C1.format(2025), written(as_in_2025(rows_of(found / "2024" / C1.format(2024))))),
        put(
            folder,
            POPULATION,
            written(population_of_2025(rows_of(found / "2022" / "ons_mid-year_population_estimates.csv"))),
        ),
    ]


@pytest.fixture(scope="module")
def others(published: Installation, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Later releases of two more publications: children looked after 2025, and the workforce of September 2024."""
    folder = tmp_path_factory.mktemp("other-releases")
    found = published.returns
    made = {
        path.name.replace("_2024", "_2025"): cla_of_2025(rows_of(path))
        for path in (found / "dfe_cla" / "2024").glob("*.csv")
    }
    before = found / "dfe_workforce" / "2022" / "csww_headline_measures_2017_to_2022.csv"
    made[INDICATORS] = workforce_indicators(rows_of(before), 2024)
    return {name: put(folder, name, written(rows)) for name, rows in made.items()}


@pytest.fixture(scope="module")
def absorbed(
    published: Installation, release: list[Path], others: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> Installation:
    """The sample with the later releases on top, landed, built and checked as the next warehouse. Read only."""
    data = tmp_path_factory.mktemp("absorbed") / "data"
    shutil.copytree(published.settings.data, data)
    installation = Installation(Settings(data=data), published.returns, published.truth)
    folder = tmp_path_factory.mktemp("delivery")
    (folder / ".synthetic").write_bytes(b"")
    for path in (*release, *others.values()):
        shutil.copy(path, folder)
    for step in (("land", "--returns", str(folder)), ("build",), ("check",)):
        done = installation.csw(*step)
        assert done.returncode == 0, done.stdout + done.stderr
    return installation


def figure(con: duckdb.DuckDBPyConnection, la: str, year: int, measure: str) -> tuple[float, str, bool]:
    """Value, edition and whether it is of a joint return."""
    (found,) = con.execute(
        "select value, edition, is_joint_return from marts.fct_la_year_measure "
        "where la_code = ? and year = ? and measure_id = ?",
        [la, year, measure],
    ).fetchall()
    return found


def test_rates_are_over_the_population_of_the_newest_release(
    absorbed: Installation, release: list[Path], others: dict[str, Path]
) -> None:
    with duckdb.connect(str(absorbed.settings.next), read_only=True) as con:
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
            for r in rows_of(others["cla_number_and_rate_per_10k_children.csv"])
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


def test_children_looked_after_are_read_under_their_names_of_2025(
    absorbed: Installation, others: dict[str, Path]
) -> None:
    def printed(file: str, column: str, **words: str) -> float:
        wanted = {"old_la_code": "886", "time_period": "2025", **words}
        (row,) = (r for r in rows_of(others[file]) if wanted.items() <= r.items())
        return float(row[column])

    with duckdb.connect(str(absorbed.settings.next), read_only=True) as con:
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


def test_a_return_printed_under_two_codes_is_of_both(absorbed: Installation, others: dict[str, Path]) -> None:
    rows = [r for r in rows_of(others[INDICATORS]) if r["time_period"] == "2024"]
    with duckdb.connect(str(absorbed.settings.next), read_only=True) as con:
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


def test_new_edition_drafts_the_entry_that_absorbs_it(
    tmp_path: Path, published: Installation, release: list[Path]
) -> None:
    settings = Settings(root=project_without(tmp_path), data=tmp_path / "data")
    for name in (B1.format(2024), C1.format(2024)):
        put(tmp_path / "in", name, (published.returns / "dfe_cin" / "2024" / name).read_bytes())
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


def test_new_edition_says_what_else_changed(tmp_path: Path, published: Installation, release: list[Path]) -> None:
    settings = Settings(data=tmp_path / "data")
    put(tmp_path / "in", B1.format(2024), (published.returns / "dfe_cin" / "2024" / B1.format(2024)).read_bytes())
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
