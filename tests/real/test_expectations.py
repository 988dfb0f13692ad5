"""The gate and the release checks on the real returns, held against a few lines of pandas on the landed files."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from expectations.gate.check import check_gate
from expectations.results import GateResult, ReleaseResult, TableKey, describe
from flows.common.settings import Settings
from flows.landing.catalogue import read_catalogue

pytestmark = pytest.mark.real

CENSUS: TableKey = ("dfe_cin", "census", "2015")
LAIT: TableKey = ("dfe_lait", "long", "2024-11")
PLACES = ("la", "regional", "national")


def landed(settings: Settings, key: TableKey, columns: list[str] | None = None) -> pd.DataFrame:
    """A landed table as text, all columns or some, by its row in the publisher's file."""
    source, table, edition = key
    frame = pd.read_csv(
        settings.landing / source / table / f"{edition}.csv",
        usecols=None if columns is None else ["_row", *columns],
        dtype=str,
        keep_default_na=False,
        na_values=["\\N"],
    )
    return frame.set_index(frame["_row"].astype(int))


def seeds(settings: Settings, folder: Path, name: str, keep: Callable[[dict[str, str]], dict[str, str] | None]) -> Path:
    """The seeds, one of them with other lines."""
    shutil.copytree(settings.seeds, folder / "seeds")
    path = folder / "seeds" / f"{name}.csv"
    with path.open(newline="", encoding="utf-8") as f:
        rows = list(csv.DictReader(f))
    with path.open("w", newline="", encoding="utf-8") as f:
        writer = csv.DictWriter(f, list(rows[0]))
        writer.writeheader()
        writer.writerows(r for row in rows if (r := keep(row)) is not None)
    return folder / "seeds"


def found(result: GateResult, check: str) -> dict[str, tuple[int, ...]]:
    """File rows of a check's findings by their column or period."""
    assert {f.check for f in result.errors} == {check}, describe(result)
    return {f.where.get("column_name", f.where.get("period", "")): f.rows for f in result.errors}


def test_the_real_returns_pass(
    real_settings: Settings, real_gate: GateResult, real_release: ReleaseResult, real_warehouse: Any
) -> None:
    """As the run that published them found: every landed table at the gate, and every figure before release."""
    assert real_gate.checked == len(read_catalogue(real_settings)) > 300
    assert real_gate.ok, describe(real_gate)
    assert not real_gate.idle
    ((figures,),) = real_warehouse.execute("select count(*) from marts.fct_la_year_measure").fetchall()
    assert real_release.checked == figures
    assert real_release.ok, describe(real_release)
    assert not real_release.idle


def test_repeated_rows_are_those_that_pandas_finds(real_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("expectations.gate.check.load_exceptions", lambda: ())
    result = check_gate(real_settings.landing, real_settings.seeds, [LAIT])
    repeated = [f for f in result.errors if f.check == "keys_unique"]
    keys = ["_level", "_la_code", "_gss_code", "_la_name", "_period", "_filter"]
    table = landed(real_settings, LAIT, keys)
    table = table[table["_level"].isin(PLACES)]
    expected = table[table.duplicated(keys, keep=False)]
    assert len(expected) > 1000
    assert {f.where["period"]: int(f.found.split()[0]) for f in repeated} == (
        expected.groupby("_period").size().to_dict()
    )
    for finding in repeated:
        assert list(finding.rows) == sorted(expected.index[expected["_period"] == finding.where["period"]])[:50]


def test_unknown_symbols_are_those_that_pandas_finds(real_settings: Settings, tmp_path: Path) -> None:
    without_x = seeds(real_settings, tmp_path, "value_symbol", lambda r: None if r["symbol"] == "x" else r)
    result = check_gate(real_settings.landing, without_x, [CENSUS])
    table = landed(real_settings, CENSUS)
    table = table[table["_level"].isin(PLACES)]
    figures = table[[c for c in table.columns if not c.startswith("_")]].apply(lambda c: c.str.strip())
    expected = {c: tuple(figures.index[figures[c] == "x"][:50]) for c in figures if (figures[c] == "x").any()}
    assert len(expected) > 100
    rows = found(result, "symbols_known")
    assert set(rows) == set(expected)
    assert all(rows[c] and rows[c] == expected[c][: len(rows[c])] for c in expected)
    assert sum(rows[c] == expected[c] for c in expected) > 10
    assert {f.where["column_name"]: int(f.found.split()[0]) for f in result.errors} == {
        c: int((figures[c] == "x").sum()) for c in expected
    }


def test_figures_out_of_bounds_are_those_that_pandas_finds(real_settings: Settings, tmp_path: Path) -> None:
    column, highest = "%ReferralsWithin12mths1415", 30.0
    lower = seeds(
        real_settings,
        tmp_path,
        "measure",
        lambda r: {**r, "highest": str(highest)} if r["measure_id"] == "rereferrals_pct" else r,
    )
    result = check_gate(real_settings.landing, lower, [CENSUS])
    table = landed(real_settings, CENSUS)
    values = pd.to_numeric(table.loc[table["_level"] == "la", column].str.replace(",", ""), errors="coerce")
    expected = values[values > highest].sort_values(ascending=False, kind="stable")
    assert len(expected) > 5
    rows = found(result, "not_above_highest")
    assert list(rows) == [column]
    assert set(rows[column]) == set(expected.index[:50])
    assert rows[column][0] == expected.index[0]
    assert result.errors[0].found == f"{len(expected)} figures too high; the highest is {expected.iloc[0]:g}"


def test_the_one_authority_that_is_no_number_makes_england_uncheckable(
    real_settings: Settings, real_release: ReleaseResult
) -> None:
    """Children in need 2024: Hampshire's figures are marked unreliable (u) and stand in England's all the same."""
    key = ("dfe_cin", "b1_children_in_need", "2024")
    table = landed(real_settings, key)
    table = table[table["_period"] == "2024"]
    started = pd.to_numeric(table["Started_episodes"], errors="coerce")
    authorities = started[table["_level"] == "la"]
    difference = started[table["_level"] == "national"].iloc[0] - authorities.sum()
    assert list(table.loc[authorities[authorities.isna()].index, "_la_name"]) == ["Hampshire"]
    place = {"measure_id": "cin_started_count", "year": "2024", "source": "dfe_cin", "edition": "2024"}
    (finding,) = [f for f in real_release.not_checkable if place.items() <= f.where.items()]
    assert f"{difference:,.0f} above the sum of {authorities.count()} authorities" in finding.found
    assert finding.examples[0]["who"] == "Hampshire: low_reliability"
    assert finding.tables == (key,)
