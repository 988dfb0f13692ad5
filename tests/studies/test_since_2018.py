"""What inspectors ask for since 2018, on reports made up here with differences that were planted."""

from __future__ import annotations

import duckdb
import numpy as np
import pandas as pd
import pytest

from analysis.marts import MartLacks, Marts
from analysis.report.studies.report_themes_now import in_words
from analysis.results import TABLES
from analysis.studies.report_themes import current
from analysis.studies.report_themes.model import tables
from flows.common.settings import ROOT

SEED = ROOT / "dbt_project" / "seeds" / "report_theme.csv"
BOOK = pd.read_csv(SEED)
REGIONS = ("North", "South", "East")


def marts_of(reports: int = 120, framework: str = "ilacs") -> Marts:
    """Timeliness more often where inadequate; supervision alike everywhere; caseloads are a matter of the report."""
    rng = np.random.default_rng(1)
    items, themes, authorities = [], [], []
    for r in range(reports):
        report, judgement = f"r{r:03}", (2, 3, 4)[r % 3]
        authorities.append((str(300 + r), REGIONS[r // 3 % 3], ("low", "middle", "high", None)[r % 4], False))
        heavy = rng.random() < 0.3
        for item in range(1, 4 * (judgement - 1) + 1):
            items.append((report, item, str(300 + r), framework, judgement, "local_authority", f"{2018 + r % 5}-06-01"))
            given = {"timeliness"} if rng.random() < (0.5 if judgement == 4 else 0.15) else set()
            given |= {"supervision", "management_oversight"} if rng.random() < 0.3 else set()
            given |= {"caseloads"} if heavy and rng.random() < 0.8 else set()
            themes += [(report, item, theme) for theme in given]
        # What a board is asked for, and a report that nobody can date or place, count for nothing.
        items.append((report, 99, str(300 + r), framework, judgement, "safeguarding_board", "2018-06-01"))
        themes.append((report, 99, "chronologies"))
    items += [
        ("undated", 1, "300", framework, 4, "local_authority", None),
        ("excluded", 1, "201", framework, 4, "local_authority", "2019-01-01"),
    ]
    authorities.append(("201", "London", "low", True))
    con = duckdb.connect()
    con.execute("create schema marts; create schema studies; create schema seeds")
    con.execute("create table seeds.report_theme as from read_csv(?)", [str(SEED)])
    columns = {
        "fct_recommendation": "report_id item la_code framework overall_judgement addressee publication_date",
        "fct_recommendation_theme": "report_id item theme",
        "dim_local_authority": "la_code region_name imd_2019_third is_excluded_from_studies",
    }
    rows = dict(zip(columns, (items, themes, authorities), strict=True))
    frames = {name: pd.DataFrame(rows[name], columns=names.split()) for name, names in columns.items()}
    frames["fct_recommendation_theme"] = frames["fct_recommendation_theme"].merge(BOOK[["theme", "category"]])
    for name, frame in frames.items():
        con.register("frame", frame)
        con.execute(f"create table marts.{name} as from frame")
        con.unregister("frame")
    con.execute("alter table marts.fct_recommendation alter publication_date type date")
    con.execute(
        """
        create table studies.rpt_report_themes__matrix as
        select 'corpus' as sample, 'theme' as level, 'timeliness' as label_id, 'framework' as split, g as split_group,
            10 as report_count, 5 as reports_with_count
        from (values ('sif'), ('ilacs')) as t (g)
        """
    )
    return Marts(con)


@pytest.fixture(scope="module")
def corpus() -> current.Corpus:
    return current.read_corpus(marts_of())


def test_the_shares_are_those_of_pandas(corpus: current.Corpus) -> None:
    marts = marts_of()
    items = marts.frame(
        "select * from marts.fct_recommendation where addressee = 'local_authority' and publication_date is not null"
    )
    items = items[items["la_code"] != "201"]
    themes = marts.frame("select * from marts.fct_recommendation_theme")
    found = current.matrix(corpus).set_index(["split", "split_group", "level", "label_id"])
    hit = (
        items.merge(themes[themes["theme"] == "timeliness"], on=["report_id", "item"], how="left")["theme"]
        .notna()
        .to_numpy()
    )
    bad = (items["overall_judgement"] == 4).to_numpy()
    row = found.loc["judgement", "inadequate", "theme", "timeliness"]
    assert row["item_count"] == bad.sum() == 480
    assert row["item_pct"] == pytest.approx(100 * hit[bad].mean())
    assert row["report_pct"] == pytest.approx(
        100 * pd.Series(hit[bad]).groupby(items["report_id"][bad].to_numpy()).any().mean()
    )
    # An item of a category counts once, and what boards are asked for does not count.
    both = themes[themes["category"] == "oversight"].drop_duplicates(["report_id", "item"])
    assert found.loc["all", "all", "category", "oversight"]["coded_item_count"] == len(both)
    assert found.loc["all", "all", "theme", "chronologies"]["coded_item_count"] == 0
    # Nothing in 120 reports still leaves room for something.
    assert found.loc["all", "all", "theme", "chronologies"]["item_pct_high"] == pytest.approx(3.03, abs=0.01)
    assert found.loc["all", "all", "theme", "chronologies"]["report_pct_high"] == pytest.approx(3.10, abs=0.01)
    assert set(found.loc["deprivation_third"].index.get_level_values(0)) == {"high", "low", "middle"}


def test_intervals_are_wider_where_a_theme_is_a_matter_of_the_report(corpus: current.Corpus) -> None:
    matrix = current.matrix(corpus)
    found = matrix[(matrix["split"] == "all") & (matrix["level"] == "theme")].set_index("label_id")

    def over_simple(label: str) -> float:
        row = found.loc[label]
        p = row["item_pct"] / 100
        return float(
            (row["item_pct_high"] - row["item_pct_low"]) / (2 * 196 * np.sqrt(p * (1 - p) / row["item_count"]))
        )

    assert over_simple("supervision") == pytest.approx(1, abs=0.2)
    assert over_simple("caseloads") > 1.8


def test_a_handful_of_reports_has_no_interval() -> None:
    few = current.matrix(current.read_corpus(marts_of(4)))
    assert few["item_pct_low"].isna().all()
    assert few["report_pct_high"].notna().all()
    assert not len(current.comparison(current.read_corpus(marts_of(4))))


def test_planted_differences_are_found_and_no_others(corpus: current.Corpus) -> None:
    found = current.comparison(corpus).set_index(["split", "label_id"])
    assert found.loc["judgement", "timeliness"]["p_adjusted"] < 0.01
    assert found.loc["judgement", "timeliness"]["highest_group"] == "inadequate"
    apart = found[found["p_adjusted"] < 0.05].reset_index()
    assert set(zip(apart["split"], apart["label_id"], strict=True)) == {
        ("judgement", "timeliness"),
        ("judgement", "casework"),
    }
    assert found.loc["judgement", "advocacy_support"]["reason"] == "in fewer than 10 reports"


def test_the_test_keeps_its_level_where_reports_differ_in_length_and_in_what_they_dwell_on() -> None:
    """Groups by length of report, a theme that has nothing to do with it: one p-value in twenty lies below .05."""
    rng = np.random.default_rng(4)
    small = 0
    for _ in range(200):
        whole = np.repeat([3.0, 10.0], 30)
        part = rng.binomial(whole.astype(int), rng.beta(1, 3, 60))[:, None].astype(float)
        small += int(current._deal(np.repeat([0, 1], 30), 2, part, whole)[0] < 0.05)
    assert 3 <= small <= 21


def test_tables_have_the_columns_that_are_described_and_estimates_their_intervals() -> None:
    made = tables(marts_of())
    for name in ("rpt_report_themes__since_2018", "rpt_report_themes__since_2018_comparison"):
        assert list(made[name].columns) == list(TABLES[name])
        assert len(made[name])
    nothing = tables(marts_of(framework="sif"))
    assert [len(nothing[name]) for name in made] == [1, 0, 0]
    with pytest.raises(MartLacks, match="no report of the framework in force"):
        current.read_corpus(marts_of(framework="sif"))
    means = {e.subject: e for e in current.estimates(current.read_corpus(marts_of()))}
    assert means["recommendations | judgement | inadequate"].value == 12
    overall = means["recommendations | all"]
    assert overall.value == pytest.approx(8)
    assert overall.ci_low is not None
    assert overall.ci_high is not None
    assert overall.ci_high - overall.ci_low == pytest.approx(2 * 1.96 * np.std([4, 8, 12]) / np.sqrt(120), rel=0.1)


class _Found:
    """Estimates as the page asks for them."""

    def __init__(self, corpus: current.Corpus) -> None:
        self._rows = {e.subject: e.__dict__ for e in current.estimates(corpus) if e.statistic == "mean"}

    def of(self, place: str, statistic: str) -> dict[str, dict[str, object]]:
        return self._rows


def test_the_page_says_in_words_what_the_tables_hold(corpus: current.Corpus) -> None:
    labels = dict(zip(BOOK["theme"], BOOK["theme_label"], strict=True)) | dict(
        zip(BOOK["category"], BOOK["category_label"], strict=True)
    )
    tests = current.comparison(corpus)
    tests = tests[tests["p_adjusted"].notna()].sort_values(["level", "p_adjusted", "label_id"])
    words = in_words(_Found(corpus), current.matrix(corpus).to_dict("records"), tests.to_dict("records"), labels)  # type: ignore[arg-type]
    assert "120 ILACS reports published from 2018 to 2022 have been read; they make 960 recommendations" in words
    assert "12.0 (12.0 to 12.0) for inadequate" in words
    assert "By overall judgement: of " in words
    assert "two differ by more than chance would give: casework and direct practice, from " in words
    assert "timeliness, from " in words
    assert "By region: of " in words
    assert words.count("none differs by more than chance would give") == 3
    assert words.startswith("<p>")
