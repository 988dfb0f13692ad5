"""The release of 2025: no rates, other names, population in a file of its own. A passport entry absorbs it."""

from __future__ import annotations

import csv
import io
import shutil
from pathlib import Path

import duckdb
import pytest

from flows.errors import CswError
from flows.landing import land_returns
from flows.new_edition import new_edition, write_entries
from flows.settings import ROOT, Settings
from tests.installation import Installation
from tests.unit.made_up import b1, put

B1 = "b1_children_in_need_2013_to_{}.csv"
C1 = "c1_children_in_need_referrals_and_rereferrals_2013_to_{}.csv"
POPULATION = "ons_mid-year_population_estimates_2012_to_2024.csv"
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


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8-sig") as f:
        return list(csv.DictReader(f))


def written(rows: list[dict[str, str]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def as_in_2025(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """A table of 2024 in the shape of 2025, with a year more."""
    shaped = [{RENAMED.get(k, k): v for k, v in r.items() if not k.endswith("_rate")} for r in rows]
    newest = [r for r in shaped if r["time_period"] == "2024" and r["old_la_code"]]
    return shaped + [{k: grown(k, v, 1.04) for k, v in {**r, "time_period": "2025"}.items()} for r in newest]


def grown(column: str, text: str, factor: float) -> str:
    """A count that has grown; a copy of the year before would be taken for what it is."""
    is_count = text.isdigit() and not column.endswith(("_percent", "_code", "_period"))
    return str(round(int(text) * factor)) if is_count else text


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


def test_rates_are_computed_from_the_releases_own_population(copied: Installation, release: list[Path]) -> None:
    done = copied.run(*release)
    assert done.returncode == 0, done.stdout + done.stderr
    with duckdb.connect(str(copied.settings.published), read_only=True) as con:
        count, population, rate, edition = con.execute(
            """
            select numerator, denominator, value, edition from marts.fct_la_year_measure
            where la_code = '886' and year = 2024 and measure_id = 'cin_at_31_march_rate_per_10k'
            """
        ).fetchall()[0]
        assert edition == "2025"
        printed = {r["time_period"]: r for r in rows_of(release[0]) if r["old_la_code"] == "886"}
        people = {r["time_period"]: r for r in rows_of(release[2]) if r["old_la_code"] == "886"}
        assert count == float(printed["2024"]["At31_episodes"])
        # Mid-2023 is the population of the year ending March 2024.
        assert population == float(people["2023"]["population_estimate"])
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
    said = {r.file: str(r) for r in report.refused}
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
    for words in ("Referrals → referral_count", '"2025": {published_on: 2025-10-01, symbols: ees}', "end with 2024"):
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
    assert again.is_known
    assert (again.renamed, again.closed_rows) == ([], [])


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
