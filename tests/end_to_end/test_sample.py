"""What the marts carry of a world whose truth is known."""

from __future__ import annotations

import itertools
import json
import math
import statistics
from collections.abc import Iterator

import duckdb
import pytest

from tests.installation import Installation


@pytest.fixture
def marts(published: Installation) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(published.settings.published), read_only=True) as con:
        yield con


def one(con: duckdb.DuckDBPyConnection, sql: str, *parameters: object) -> object:
    row = con.execute(sql, list(parameters)).fetchone()
    assert row is not None
    return row[0]


def test_everything_made_from_the_sample_says_so(published: Installation, marts: duckdb.DuckDBPyConnection) -> None:
    assert one(marts, "select bool_and(is_synthetic) from marts.dim_edition") is True
    assert (published.settings.data / ".synthetic").exists()
    assert "synthetic" in published.csw("coverage").stdout


@pytest.mark.parametrize(
    "measure", ["cin_at_31_march_count", "cla_at_31_march_count", "referrals_count", "population_0_17"]
)
def test_true_figures_arrive(published: Installation, marts: duckdb.DuckDBPyConnection, measure: str) -> None:
    """Every reported count is the true one: through renames, symbols, recodes, revisions and joint returns."""
    truth = published.truth.values[measure]
    wrong: list[float] = []
    seen = 0
    sql = "select la_code, year, value from marts.fct_la_year_measure where measure_id = ? and value is not null"
    for la, year, value in marts.execute(sql, [measure]).fetchall():
        true = truth.get(str(year), {}).get(la)
        if true is None:
            continue
        seen += 1
        if abs(value - true) > 0.5:
            wrong.append(abs(value / true - 1))
    assert seen > 2000
    if measure == "population_0_17":
        # Estimates, which editions rebase, and which were rounded to 100 in early years.
        assert max(wrong) < 0.12
    else:
        # What an edition had wrong and no later one prints again.
        assert len(wrong) < 0.005 * seen
        assert max(wrong, default=0.0) < 0.1


def test_a_late_revision_stands_and_the_older_figures_are_kept(
    published: Installation, marts: duckdb.DuckDBPyConnection
) -> None:
    for cell in published.truth.revised:
        newest = max(cell.by_edition)
        standing = marts.execute(
            "select value, edition from marts.fct_la_year_measure where la_code = ? and year = ? and measure_id = ?",
            [cell.la_code, cell.year, cell.measure_id],
        ).fetchone()
        assert standing == (cell.by_edition[newest], newest)
        said = dict(
            marts.execute(
                """
                select edition, value from intermediate.int_measures__la_values
                where la_code = ? and year = ? and measure_id = ? and source = 'dfe_cin'
                """,
                [cell.la_code, cell.year, cell.measure_id],
            ).fetchall()
        )
        assert said == cell.by_edition
        changes = one(
            marts,
            "select count(*) from audit.rpt_edition_changes where area_code = ? and year = ? and measure_id = ?",
            cell.la_code,
            cell.year,
            cell.measure_id,
        )
        distinct_steps = [v for _, v in sorted(cell.by_edition.items())]
        assert changes == sum(a != b for a, b in itertools.pairwise(distinct_steps))


def test_first_inspections_are_those_of_the_world(published: Installation, marts: duckdb.DuckDBPyConnection) -> None:
    found = {
        la: (str(day), year, judgement, group)
        for la, day, year, judgement, group in marts.execute(
            """
            select la_code, publication_date, year_by_publication, overall_judgement, outcome_group
            from marts.fct_inspection where framework = 'sif' and is_first_in_framework
            """
        ).fetchall()
    }
    true = {
        f.la_code: (f.publication_date, f.year, f.overall_judgement, f.outcome_group) for f in published.truth.first_sif
    }
    assert {la: found[la] for la in true} == true


def test_planted_steps_are_in_the_panel(published: Installation, marts: duckdb.DuckDBPyConnection) -> None:
    """The mean change of the logarithm from one event year to the next is the planted step, within chance."""
    checked = 0
    for effect in published.truth.effects:
        if effect.scale != "log" or effect.measure_id not in {
            "cpp_at_31_march_count",
            "s47_enquiries_count",
            "referrals_count",
        }:
            continue
        for event_year, step in ((0, effect.step0), (1, effect.step1)):
            changes = [
                math.log(now / before)
                for before, now in marts.execute(
                    f"""
                    select a.{effect.measure_id} / a.population_0_17, b.{effect.measure_id} / b.population_0_17
                    from studies.rpt_inspection_impact__sample as a
                    inner join studies.rpt_inspection_impact__sample as b using (inspection_id, basis)
                    where a.framework = 'sif' and a.is_first_in_framework and a.basis = 'publication'
                        and a.outcome_group = ? and a.event_year = ? and b.event_year = ?
                        and a.{effect.measure_id} > 0 and b.{effect.measure_id} > 0
                    """,
                    [effect.outcome_group, event_year - 1, event_year],
                ).fetchall()
            ]
            assert len(changes) >= 25
            error = statistics.stdev(changes) / math.sqrt(len(changes))
            assert abs(statistics.mean(changes) - step) < 3.5 * error + 0.005, (effect, event_year)
            checked += 1
    assert checked == 18


def test_deprivation_goes_with_judgement_as_planted(published: Installation, marts: duckdb.DuckDBPyConnection) -> None:
    from scipy.stats import spearmanr

    rows = marts.execute(
        """
        select imd_2015_average_score, overall_judgement
        from studies.rpt_report_themes__sample
        inner join marts.fct_inspection using (inspection_id)
        where marts.fct_inspection.framework = 'sif' and is_first_in_framework and not is_excluded_from_studies
        """.replace("overall_judgement\n", "marts.fct_inspection.overall_judgement\n", 1)
    ).fetchall()
    rho = spearmanr([r[0] for r in rows], [r[1] for r in rows]).statistic
    assert rho == pytest.approx(published.truth.spearman_deprivation_judgement, abs=0.01)


def test_every_gap_has_its_reason(published: Installation, marts: duckdb.DuckDBPyConnection) -> None:
    statuses = dict(marts.execute("select value_status, count(*) from marts.fct_la_year_measure group by 1").fetchall())
    assert {"reported", "suppressed", "unavailable", "not_published", "not_reported"} <= set(statuses)
    silent = [(la, year) for source, la, year in published.truth.unavailable if source == "dfe_cin" and year > 2010]
    assert silent
    for la, year in silent:
        sql = "select value_status from marts.fct_la_year_measure where la_code = ? and year = ? and measure_id = ?"
        assert one(marts, sql, la, year, "cin_at_31_march_count") in {"unavailable", "low_reliability"}, (la, year)


def test_joint_returns_stand_under_both_and_count_once(marts: duckdb.DuckDBPyConnection) -> None:
    sql = """
        select year, count(*), count(distinct value), bool_and(is_joint_return)
        from marts.fct_la_year_measure
        where
            measure_id = 'social_workers_fte' and la_code in ('940', '941') and value is not null
            and source = 'dfe_workforce'
        group by year
    """
    rows = marts.execute(sql).fetchall()
    assert rows
    for _, members, values, joint in rows:
        assert (members, values, joint) == (2, 1, True)
    sql = """
        select f.value, m.value
        from marts.fct_footprint_year_measure as f
        inner join marts.fct_la_year_measure as m using (year, measure_id)
        where
            f.policy = 'united' and f.footprint_code = '928' and m.la_code = '940' and m.is_joint_return
            and measure_id = 'social_workers_fte' and m.value is not null
        limit 1
    """
    united, single = marts.execute(sql).fetchone() or (None, None)
    assert united == single is not None


def test_predecessors_and_successors_keep_their_own_figures(marts: duckdb.DuckDBPyConnection) -> None:
    """Bournemouth, Poole and old Dorset to 2019; the new authorities from 2020; none missing, none doubled."""
    years = {
        la: (first, last, n)
        for la, first, last, n in marts.execute(
            """
            select la_code, min(year), max(year), count(*) from marts.fct_la_year_measure
            where
                measure_id = 'cla_at_31_march_count' and value is not null
                and la_code in ('835', '836', '837', '838', '839')
            group by la_code
            """
        ).fetchall()
    }
    assert years == {
        "835": (2010, 2019, 10),
        "836": (2010, 2019, 10),
        "837": (2010, 2019, 10),
        "838": (2020, 2024, 5),
        "839": (2020, 2024, 5),
    }


def test_trace_goes_from_the_number_to_the_bytes(published: Installation) -> None:
    cell = published.truth.revised[0]
    done = published.csw("trace", "--la", cell.la_code, "--measure", cell.measure_id, "--year", str(cell.year))
    assert done.returncode == 0, done.stderr
    for edition, value in cell.by_edition.items():
        assert f"dfe_cin {edition}" in done.stdout
        assert f"{value:,}" in done.stdout
    archived = [x.split("archived ", 1)[1].strip() for x in done.stdout.splitlines() if "archived " in x]
    assert archived
    from pathlib import Path

    assert all(Path(a).exists() for a in archived)


def test_trace_of_a_rate_shows_its_count_its_children_and_what_was_printed(published: Installation) -> None:
    done = published.csw("trace", "--la", "886", "--measure", "s47_enquiries_rate_per_10k", "--year", "2018")
    assert done.returncode == 0, done.stderr
    assert "children by dfe_" in done.stdout
    assert "published as " in done.stdout
    computed = [line for line in done.stdout.split("Computed from:")[1:] if "Kent (886)" in line]
    assert len(computed) == 2
    with duckdb.connect(str(published.settings.published), read_only=True) as con:
        found = con.execute(
            "select numerator, denominator, published_value from marts.fct_la_year_measure "
            "where la_code = '886' and measure_id = 's47_enquiries_rate_per_10k' and year = 2018"
        ).fetchone()
    assert found is not None
    assert all(f"{value:,.10g}" in done.stdout for value in found)


def test_the_command_answers_in_three_formats(published: Installation) -> None:
    sql = "select la_code, la_name from marts.dim_local_authority where la_code = '886'"
    assert "Kent" in published.csw("sql", sql).stdout
    assert published.csw("sql", sql, "--format", "csv").stdout == "la_code,la_name\n886,Kent\n"
    assert json.loads(published.csw("sql", sql, "-f", "json").stdout) == [{"la_code": "886", "la_name": "Kent"}]
    broken = published.csw("sql", "select nothing from nowhere")
    assert (broken.returncode, "nowhere" in broken.stderr) == (1, True)
    assert published.csw("sql", "copy (select 1) to 'x.csv'").returncode == 1
    assert published.csw("sql").returncode == 2
    assert published.csw("trace", "--la", "886", "--measure", "cin_at_31_march_cuont", "--year", "2016").returncode == 2


def test_status_says_what_is_landed_and_due(published: Installation) -> None:
    said = published.csw("status").stdout
    assert "dfe_cin" in said
    assert "Oct 2025" in said
