"""The bundled sample: the same bytes for a seed, files that the passports know, sums that hold, truth that is there."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.common.settings import ROOT, Settings
from flows.common.synthetic import MARKER
from flows.landing.grids import read_csv_rows, read_grids
from flows.landing.mapping import mapped_columns
from flows.landing.recognise import recognise
from flows.landing.tables import land
from flows.sample.effects import GROUPS, PLANTED, PlantedEffect
from flows.sample.layouts import load_layouts
from flows.sample.places import load_places
from flows.sample.quantities import MEASURES
from flows.sample.sample import write_sample
from flows.sample.writers import ods_bytes, xls_bytes, xlsx_bytes
from flows.sources.passport import load_passports
from tests.conftest import Sample
from tests.sample_truth import SampleTruth

SEED = 2024
#: Described from a file that was found later than those after whose layouts the sample is made.
NOT_IN_THE_SAMPLE = {("dfe_cin", "population", "2024")}


def digest(folder: Path) -> str:
    """One hash of every file's name and bytes."""
    h = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        h.update(path.relative_to(folder).as_posix().encode())
        h.update(path.read_bytes())
    return h.hexdigest()


def rows_of(path: Path) -> list[dict[str, str]]:
    """A csv as dictionaries."""
    return list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))


def number(text: str) -> float:
    """A printed figure; NaN for a symbol."""
    try:
        return float(text.replace(",", ""))
    except ValueError:
        return math.nan


#: Writes a sample of another seed and then one of the usual seed, and prints what was planted in each.
TWO_SAMPLES = """
import json, sys
from pathlib import Path
from flows.sample.sample import write_sample
from tests.sample_truth import truth_of
for folder, seed in zip(sys.argv[1::2], sys.argv[2::2], strict=True):
    print(json.dumps(truth_of(write_sample(Path(folder), int(seed))).to_json()))
"""


def test_same_seed_same_bytes_and_another_seed_others(sample: Sample, tmp_path: Path) -> None:
    """Also after another sample, and in another process, where Python hashes text otherwise."""
    others, again = tmp_path / "others", tmp_path / "again"
    done = subprocess.run(
        [sys.executable, "-c", TWO_SAMPLES, str(others), str(SEED + 1), str(again), str(SEED)],
        check=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "12345"},
        stdout=subprocess.PIPE,
        text=True,
    )
    of_others, of_again = (json.loads(line) for line in done.stdout.splitlines())
    assert of_again == sample.truth.to_json()
    assert of_others != sample.truth.to_json()
    assert digest(again) == digest(sample.returns)
    assert digest(others) != digest(sample.returns)


def test_small_and_marked(sample: Sample) -> None:
    folder, truth = sample.returns, sample.truth
    assert sum(p.stat().st_size for p in folder.rglob("*") if p.is_file()) < 25_000_000
    assert "invented" in (folder / MARKER).read_text(encoding="utf-8")
    manifest = rows_of(folder / "MANIFEST.csv")
    assert len(manifest) == truth.files
    assert all(r["copy_of"].startswith("synthetic:") for r in manifest)


def test_a_folder_with_files_of_someone_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "theirs.csv").write_text("a,b\n")
    with pytest.raises(FileExistsError, match="no sample"):
        write_sample(tmp_path)
    assert (tmp_path / "theirs.csv").exists()


def test_every_file_is_read_as_the_edition_that_it_is(sample: Sample) -> None:
    folder = sample.returns
    passports = load_passports(Settings().passports)
    seen: set[tuple[str, str, str]] = set()
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.name in (MARKER, "MANIFEST.csv"):
            continue
        found = recognise(path.read_bytes(), path.name, passports)
        assert found is not None, path
        for fit in found.fits:
            if fit.grid.name == "parquet":
                continue
            landed = land(fit, path.name)
            by_year = fit.table.shape in ("wide", "sheet")
            mapped_columns(ROOT).check(fit.passport.source, landed, path.name, by_year=by_year)
            seen.add((fit.passport.source, landed.table, landed.edition))
    # A release of later years than the sample's is known to the passports and not in it.
    releases = {(x.passport.source, x.edition) for x in load_layouts(passports)}
    expected = {
        (p.source, t.table, e)
        for p in passports
        for t in p.tables
        for e in (t.editions or ([t.edition] if t.edition else []))
        if t.shape != "documents" and p.source != "dfe_lait" and (p.source, e) in releases
    }
    assert expected - seen == NOT_IN_THE_SAMPLE


def test_every_mapped_measure_has_a_quantity() -> None:
    """A measure that joins the seed needs a line in ``flows/sample/quantities.py``, or the sample cannot carry it."""
    with (Settings().seeds / "measure_source.csv").open(newline="", encoding="utf-8") as f:
        mapped = {r["measure_id"] for r in csv.DictReader(f)}
    assert mapped - set(MEASURES) == set()


def test_authorities_add_up_to_england(sample: Sample) -> None:
    folder, truth = sample.returns, sample.truth
    rows = rows_of(folder / "dfe_cin/2024/b1_children_in_need_2013_to_2024.csv")
    for year in ("2013", "2016", "2020", "2023"):
        of_year = [r for r in rows if r["time_period"] == year]
        (england,) = [r for r in of_year if r["geographic_level"] == "National"]
        for column in ("At31_episodes", "Started_episodes", "Ended_episodes", "Anypoint_episodes"):
            values = [number(r[column]) for r in of_year if r["geographic_level"] == "Local authority"]
            withheld = sum(math.isnan(v) for v in values)
            total = sum(v for v in values if not math.isnan(v))
            assert 0 <= number(england[column]) - total + 5 <= 10 + 5 * withheld
            assert number(england[column]) % 10 == 0
        assert truth.england["cin_at_31_march_count"][year] == pytest.approx(number(england["At31_episodes"]), abs=5)


def test_flows_explain_stocks(sample: Sample) -> None:
    folder = sample.returns
    rows = rows_of(folder / "dfe_cin/2024/b1_children_in_need_2013_to_2024.csv")
    by_place = {
        (r["old_la_code"], int(r["time_period"])): r for r in rows if r["geographic_level"] == "Local authority"
    }
    checked = 0
    for (code, year), r in by_place.items():
        stock, started, ended, anyone = (
            number(r[c]) for c in ("At31_episodes", "Started_episodes", "Ended_episodes", "Anypoint_episodes")
        )
        if any(math.isnan(v) for v in (stock, started, ended, anyone)):
            continue
        assert anyone == ended + stock
        before = by_place.get((code, year - 1))
        if before and not math.isnan(number(before["At31_episodes"])):
            assert number(before["At31_episodes"]) + started - ended == stock, (code, year)
            checked += 1
    assert checked > 1_500


def test_rates_are_counts_over_the_releases_own_population(sample: Sample) -> None:
    folder = sample.returns
    rows = rows_of(folder / "dfe_cla/2024/cla_number_and_rate_per_10k_children.csv")
    checked = 0
    for r in rows:
        count, children, rate = (number(r[c]) for c in ("number", "population_estimate", "rate_per_10000"))
        if not any(math.isnan(v) for v in (count, children, rate)) and r["geographic_level"] == "Local authority":
            assert rate == pytest.approx(10_000 * count / children, abs=0.5001)
            checked += 1
    assert checked > 2_000


def test_spending_lines_add_up(sample: Sample) -> None:
    folder = sample.returns
    (grid,) = read_grids((folder / "dfe_s251_outturn/2015-16/s251ye2016.xlsx").read_bytes(), "s251ye2016.xlsx")
    header = grid.rows[0]
    line, money, code = header.index("Description"), header.index("TotalExpenditure"), header.index("LA")
    for la in ("201", "301", "936"):
        amounts = {r[line]: float(r[money]) for r in grid.rows[1:] if r[code] == la}
        parts = [v for k, v in amounts.items() if k.split(".")[0] in [str(n) for n in range(6, 16)]]
        assert sum(parts) == amounts["16 Total Children Looked After"]


def test_a_split_and_a_merge_conserve_children(sample: Sample) -> None:
    truth = sample.truth
    children = truth.values["population_0_17"]
    assert children["2019"]["835"] + children["2019"]["836"] + children["2019"]["837"] == pytest.approx(
        children["2020"]["838"] + children["2020"]["839"], rel=0.02
    )
    assert children["2021"]["928"] == pytest.approx(children["2022"]["940"] + children["2022"]["941"], rel=0.02)
    assert children["2023"]["909"] == pytest.approx(children["2024"]["942"] + children["2024"]["943"], rel=0.02)


def test_the_documented_revision_is_in_the_files(sample: Sample) -> None:
    folder, truth = sample.returns, sample.truth
    (leeds,) = [r for r in truth.revised if r.la_code == "383"]
    assert len(set(leeds.by_edition.values())) == 3
    for edition, value in leeds.by_edition.items():
        (path,) = (folder / f"dfe_cin/{edition}").glob("b1_*.csv")
        (row,) = [r for r in rows_of(path) if r["old_la_code"] == "383" and r["time_period"] == "2018"]
        assert number(row["At31_episodes"]) == value
    (kent,) = [r for r in truth.revised if r.la_code == "886"]
    (row,) = [r for r in rows_of(folder / "dfe_cin/2015-16/SFR52_2016_UD.csv") if r["geog_c"] == "886"]
    assert number(row["Referrals1516"]) == kent.by_edition["2016"] != kent.by_edition["2022"]


def test_the_traps_of_the_real_returns_are_set(sample: Sample) -> None:
    folder = sample.returns
    oldest = rows_of(folder / "dfe_cin/2009-10/osr28-2010ud.csv")
    (england,) = [r for r in oldest if r["geog_n"] == "England"]
    assert england["geog_c"] == "921"  # the Isle of Wight's
    assert "," in england["CINAt310310"]
    assert any(r["CINAt310310"] == ".." for r in oldest)
    joint = read_csv_rows((folder / "dfe_workforce/2016/SFR08_2017_UD.csv").read_text(encoding="utf-8"), "")
    assert any("314 / 318" in row for row in joint)
    workforce = rows_of(folder / "dfe_workforce/2022/csww_headline_measures_2017_to_2022.csv")
    assert {r["social_worker_fte"] for r in workforce if r["old_la_code"] in ("318",)} == {"z"}
    lagging = (folder / "dfe_workforce/2015/SFR07_2016_UD.csv").read_text(encoding="utf-8")
    assert "E08000020" in lagging
    assert "E08000037" not in lagging
    care = rows_of(folder / "dfe_cla/2024/cla_number_and_rate_per_10k_children.csv")
    assert {r["number"] for r in care if r["old_la_code"] == "909" and r["time_period"] == "2024"} == {"z"}
    assert any(r["number"] == "c" for r in care)
    named = read_grids((folder / "dfe_cla_outcomes/2013/SFR50_2013_LATablesA.xlsx").read_bytes(), "a.xlsx")
    assert any("Bristol" in r for r in named[0].rows)


def inspected(truth: SampleTruth, group: str) -> list[tuple[str, int]]:
    """Authorities of a group that no change of boundaries touched, with their event year 0."""
    places = load_places(Settings().seeds)
    return [
        (f.la_code, f.year)
        for f in truth.first_sif
        if f.outcome_group == group
        and not places.by_code[f.la_code].valid_to
        and not places.by_code[f.la_code].valid_from
    ]


def mean_step(truth: SampleTruth, effect: PlantedEffect, event_year: int) -> Iterator[float]:
    """Change from the year before an event year to it, on the effect's scale, one per authority."""
    for code, year in inspected(truth, effect.outcome_group):
        pair = [truth.values[effect.measure_id].get(str(year + event_year + d), {}).get(code) for d in (-1, 0)]
        if all(v is not None and v > 0 for v in pair):
            before, after = (v for v in pair if v is not None)
            if effect.scale == "log_odds":
                before, after = before / (100 - before), after / (100 - after)
            yield math.log(after / before)


@pytest.mark.parametrize(
    "effect",
    [
        e
        for e in PLANTED
        if e.measure_id in ("cpp_at_31_march_count", "referrals_count", "assessments_within_45_days_pct")
    ],
    ids=lambda e: f"{e.measure_id}-{e.outcome_group}",
)
def test_planted_steps_are_in_the_figures(sample: Sample, effect: PlantedEffect) -> None:
    truth = sample.truth
    for event_year, planted in ((0, effect.step0), (1, effect.step1)):
        steps = list(mean_step(truth, effect, event_year))
        assert len(steps) > 25
        mean = sum(steps) / len(steps)
        error = math.sqrt(sum((s - mean) ** 2 for s in steps)) / len(steps)
        assert mean == pytest.approx(planted, abs=4 * error + 0.01)


def test_paths_are_what_they_say() -> None:
    for effect in PLANTED:
        assert effect.at(0) - effect.at(-1) == pytest.approx(effect.step0)
        assert effect.at(1) - effect.at(0) == pytest.approx(effect.step1)
        assert effect.at(-1) - effect.at(-2) == pytest.approx(effect.pre)
        assert effect.at(2) - effect.at(1) == pytest.approx(effect.post)
        assert effect.at(10) == effect.at(3)


def test_deprivation_goes_with_harsher_judgements(sample: Sample) -> None:
    truth = sample.truth
    assert len(truth.first_sif) == 150
    assert {f.outcome_group for f in truth.first_sif} == set(GROUPS)
    assert 0.3 < truth.spearman_deprivation_judgement < 0.8


@pytest.mark.parametrize("write", [xlsx_bytes, ods_bytes, xls_bytes])
def test_workbooks_read_back(write: object) -> None:
    rows = [("a", "é & <b>", 3), (None, -4.5, "x"), (), (7, 8, 9, 1_000_000_000)]
    data = write([("One", rows), ("Two", [("z",) * 30] * 300)])  # type: ignore[operator]
    first, second = read_grids(data, "book")
    assert first.name == "One"
    read = first.rows
    assert read[0][:3] == ["a", "é & <b>", "3"]
    assert read[1][:3] == ["", "-4.5", "x"]
    assert read[3][:4] == ["7", "8", "9", "1000000000"]
    assert [len(second.rows), len(second.rows[0])] == [300, 30]
