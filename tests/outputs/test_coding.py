"""Coding from the draw to the agreed coding, by simulated coders whose agreement is known beforehand."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

from flows.cli.app import app
from flows.common.settings import Settings
from flows.documents.themes.coder import code_text, load_codebook
from flows.documents.themes.codings import AGREED, MODEL, CodingError, Codings, text_key
from flows.documents.themes.drawing import Key
from flows.documents.themes.sheets import COLUMNS
from flows.outputs.coding import Coding

THEMES = [theme.entry.id for theme in load_codebook().themes]
SENTENCES = {theme.entry.id: theme.example.rstrip(".") for theme in load_codebook().themes}
USED = ("supervision", "caseloads", "chronologies", "advocacy_support", "early_help", "auditing")
FIRST_THEME = COLUMNS.index("theme_1") + 1


def made(reports: int, per_report: int, seed: int = 3) -> tuple[pd.DataFrame, dict[Key, tuple[str, ...]]]:
    """Items of several frameworks and judgements, and the themes that were put into each."""
    chance = random.Random(seed)
    rows, truth = [], {}
    for report in range(reports):
        for item in range(1, per_report + 1):
            themes = tuple(sorted(chance.sample(USED, chance.choice((1, 1, 2)))))
            text = "; ".join(SENTENCES[t] for t in themes) + f", and so in office {report} {item}."
            truth[f"report-{report:03}", item] = themes
            framework = ("sif", "ilacs")[report % 2]
            rows.append((f"report-{report:03}", item, text, text_key(text), framework, report % 3 + 2))
    columns = ["report_id", "item", "text", "text_key", "framework", "overall_judgement"]
    return pd.DataFrame(rows, columns=columns), truth


def warehouse(items: pd.DataFrame) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    rules = pd.DataFrame(
        [
            (row.report_id, row.item, match.theme, " | ".join(match.words))
            for row in items.itertuples()
            for match in code_text(str(row.text))
        ],
        columns=["sha256", "item", "theme", "words"],
    )
    reports = pd.DataFrame({"report_id": items["report_id"].unique(), "sha256": items["report_id"].unique()})
    tables = {"fct_recommendation": items, "fct_report": reports, "stg_ofsted__recommendation_theme": rules}
    con.execute("create schema marts; create schema staging")
    for name, frame in tables.items():
        con.register("frame", frame)
        schema = "staging" if name.startswith("stg") else "marts"
        con.execute(f"create table {schema}.{name} as from frame")
        con.unregister("frame")
    return con


@pytest.fixture
def work(tmp_path: Path) -> Iterator[tuple[Coding, dict[Key, tuple[str, ...]]]]:
    items, truth = made(40, 6)
    with warehouse(items) as con:
        yield Coding(Settings(data=tmp_path / "data"), con), truth


def fill(book: Path, truth: dict[Key, tuple[str, ...]], errors: float, seed: int) -> set[Key]:
    """Fill a sheet in as a person would who takes one theme for the next of USED in so many of the items: which."""
    chance, wrong = random.Random(seed), set()
    following = dict(pairwise((*USED, USED[0])))
    file = load_workbook(book)
    page = file["Coding"]
    for row in range(2, page.max_row + 1):
        key = (str(page.cell(row, 3).value), int(str(page.cell(row, 4).value)))
        themes = list(truth[key])
        if chance.random() < errors:
            themes, _ = [following[themes[0]]], wrong.add(key)
        for n in range(12):
            page.cell(row, FIRST_THEME + n).value = themes[n] if n < len(themes) else None
    file.save(book)
    return wrong


def test_from_the_draw_to_the_agreed_coding(work: tuple[Coding, dict[Key, tuple[str, ...]]], tmp_path: Path) -> None:
    coding, truth = work
    drawn, books = coding.draw(["anna", "ben", "cleo"], 120, tmp_path / "out", twice=0.5, seed=1)
    assert len(drawn.twice) == 60
    wrong = {c: fill(b, truth, e, n) for n, (c, b, e) in enumerate(zip(drawn.of, books, (0, 0, 0.4), strict=True))}
    taken = coding.take(books)
    assert [(t.coder, t.count, t.blank, t.problem) for t in taken] == [
        (coder, len(keys), 0, "") for coder, keys in drawn.of.items()
    ]
    found = coding.agreement()
    # Anna and Ben make no error; Cleo's are planted.
    both = set(drawn.of["anna"]) & set(drawn.of["cleo"])
    assert found.item_count == 60
    assert found.kappa["anna", "ben"].pooled.kappa == 1
    off = found.kappa["anna", "cleo"].pooled
    assert off.kappa == pytest.approx(by_hand(both, truth, wrong["cleo"]))
    assert off.ci_low < off.kappa < off.ci_high < 1
    assert 0 < found.alpha.ci_low < found.alpha.alpha < found.alpha.ci_high < 1
    assert set(found.alpha_by_theme["theme"]) == set(USED)
    progress = coding.progress()
    assert (progress.by_two, progress.by_one, progress.agreed, progress.stale) == (60, 60, 0, 0)

    book, differing, others = coding.disagreements([], tmp_path / "out")
    expected = {key for key in drawn.twice & set(drawn.of["cleo"]) if key in wrong["cleo"]}
    assert {(i.report_id, i.item) for i in differing} == expected
    assert others == 120 - len(expected)
    fill(book, truth, 0, 9)
    (agreed,) = coding.take([book])
    assert (agreed.coder, agreed.count, agreed.problem) == (AGREED, 120, "")
    assert {c.key: c.themes for c in coding.codings.of(AGREED)} == {k: truth[k] for k in sum(drawn.of.values(), ())}
    assert coding.progress().agreed == 120
    with pytest.raises(CodingError, match="nothing is left to agree on"):
        coding.disagreements([], tmp_path / "other")
    # What is coded is not drawn again.
    again, _ = coding.draw(["anna", "ben"], 500, tmp_path / "second", twice=0.2, seed=1)
    assert again.size == 240 - 120
    with pytest.raises(CodingError, match=r"no model yet: 120 agreed items of the 1000 .* 880 more are needed"):
        coding.model()


def by_hand(keys: set[Key], truth: dict[Key, tuple[str, ...]], wrong: set[Key]) -> float:
    """Pooled kappa from counts: a coder who gives `following` for the first theme, against one who gives the truth."""
    following = dict(pairwise((*USED, USED[0])))
    cells = [0, 0, 0, 0]
    for key in keys:
        said = {following[truth[key][0]]} if key in wrong else set(truth[key])
        for theme in USED:
            cells[2 * (theme in truth[key]) + (theme in said)] += 1
    neither, theirs, mine, both = cells
    n = sum(cells)
    observed = (both + neither) / n
    chance = ((both + mine) * (both + theirs) + (neither + mine) * (neither + theirs)) / n**2
    return (observed - chance) / (1 - chance)


def test_a_bad_sheet_keeps_no_other_back_and_words_read_anew_are_not_agreed(
    work: tuple[Coding, dict[Key, tuple[str, ...]]], tmp_path: Path
) -> None:
    coding, truth = work
    _, (one, two) = coding.draw(["anna", "ben"], 40, tmp_path / "out", twice=1, seed=1)
    fill(one, truth, 0, 1)
    fill(two, truth, 0, 2)
    file = load_workbook(two)
    file["Coding"].cell(5, FIRST_THEME).value = "supervison"
    file.save(two)
    good, bad, absent = coding.take([one, two, tmp_path / "none.xlsx"])
    assert (good.count, good.problem) == (40, "")
    assert f"{two.name}: row 5, column theme_1: 'supervison' is no theme; did you mean 'supervision'?" in bad.problem
    assert "none.xlsx: cannot be read" in absent.problem
    assert coding.codings.coders() == ["anna"]
    with pytest.raises(CodingError, match="two coders or more"):
        coding.agreement()
    # The same coder says another thing on a second sheet of one import.
    copy = tmp_path / "copy.xlsx"
    copy.write_bytes(one.read_bytes())
    fill(copy, truth, 1, 4)
    _, second = coding.take([one, copy])
    assert "copy.xlsx: recommendation" in second.problem
    assert f"in {one.name}; both are of anna" in second.problem

    coding.con.execute(
        "update marts.fct_recommendation set text = 'New.', text_key = 'new' where report_id < 'report-020'"
    )
    anew = Coding(Settings(data=tmp_path / "data"), coding.con)
    stale = sum(c.report_id < "report-020" for c in anew.codings.of("anna"))
    assert (anew.progress().stale, anew.progress().by_one) == (stale, 40 - stale)
    assert 0 < stale < 40


def test_the_rules_beside_people_and_sheets_without_their_suggestions(
    work: tuple[Coding, dict[Key, tuple[str, ...]]], tmp_path: Path
) -> None:
    coding, truth = work
    _, (book,) = coding.draw(["anna"], 60, tmp_path / "blind", twice=0, seed=1, blind=True)
    page = load_workbook(book)["Coding"]
    assert {page.cell(row, COLUMNS.index(c) + 1).value for row in range(2, 62) for c in ("suggested", "codebook")} == {
        None
    }
    fill(book, truth, 0, 1)
    coding.take([book])
    found = coding.agreement(["anna", "rules"])
    assert found.item_count == 60
    assert found.kappa["anna", "rules"].pooled.kappa > 0.9
    with pytest.raises(CodingError, match="'ben' has coded nothing"):
        coding.agreement(["anna", "ben"])


def test_a_model_is_one_more_coder_with_figures_of_its_own(tmp_path: Path) -> None:
    items, truth = made(130, 8)
    settings = Settings(data=tmp_path / "data")
    with warehouse(items) as con:
        coding = Coding(settings, con)
        from flows.documents.themes.codings import ItemCoding

        keys = dict(zip(zip(items["report_id"], items["item"], strict=True), items["text_key"], strict=True))
        agreed = list(truth)[:1000]
        Codings(settings.coding).add(AGREED, [ItemCoding(*key, keys[key], truth[key]) for key in agreed])
        learned, found, rules, kept = coding.model()
        assert set(learned.themes) == set(USED)
        assert (len(learned.held_out), len(learned.others), kept.name) == (1000, 40, "v001.csv")
        assert {c.key for c in coding.codings.of(MODEL)} == set(truth)
        assert found.kappa[AGREED, MODEL].pooled.kappa > 0.95
        assert found.kappa[AGREED, MODEL].pooled.n == 1000 * len(found.alpha_by_theme)
        assert rules.pooled().startswith("agreed and rules. Cohen's kappa ")
        assert sum(set(learned.others[k]) == set(truth[k]) for k in learned.others) >= 38
        # It stands for nobody: people are asked what the rules and it differ on.
        assert coding.codings.people() == []
        assert coding.progress().agreed == 1000


def test_the_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    items, truth = made(20, 5)
    settings = Settings(data=tmp_path / "data")
    with warehouse(items) as con:

        @contextmanager
        def published(_: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
            yield con

        monkeypatch.setattr("flows.warehouse.publish.open_published", published)
        monkeypatch.setenv("CSW_DATA", str(settings.data))

        def csw(*arguments: str) -> str:
            done = CliRunner().invoke(app, ["coding", *arguments])
            problem = "" if done.exception is None or done.exit_code == 0 else str(done.exception)
            return done.output + problem

        out = tmp_path / "sheets"
        said = csw("draw", "anna", "ben", "--items", "50", "--out", str(out))
        assert "Drew 50 recommendations, 10 of them for two coders." in said
        assert f"anna: 30 in {out}/anna_drawn.xlsx" in said
        for n, coder in enumerate(("anna", "ben")):
            fill(out / f"{coder}_drawn.xlsx", truth, 0.3 * n, n)
        broken = tmp_path / "broken.xlsx"
        broken.write_bytes(b"no workbook")
        said = csw("import", str(out / "anna_drawn.xlsx"), str(broken), str(out / "ben_drawn.xlsx"))
        assert "anna_drawn.xlsx: kept 30 items coded by anna" in said
        assert "ben_drawn.xlsx: kept 30 items coded by ben" in said
        assert "broken.xlsx: is neither a workbook (.xlsx, .ods) nor a .csv." in said
        assert "100 recommendations: 0 agreed; not agreed yet are 10 coded by two or more and 40 by one." in csw(
            "status"
        )
        assert "anna and ben. Pooled: Cohen's kappa" in csw("agreement")
        said = csw("disagreements", "--out", str(tmp_path / "settle"))
        assert "anna: " in said
        assert " items to settle, then " in said
        assert "no model yet: 0 agreed items of the 1000 that a model needs. 1000 more are needed" in csw("model")
        assert "somebody may be coding there" in csw("draw", "anna", "ben", "--items", "20", "--out", str(out))
