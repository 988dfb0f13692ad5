"""Passports, seeds and models agree with one another."""

from __future__ import annotations

import csv
import re
from collections import Counter

import pytest
import yaml

from flows.common.settings import ROOT, Settings
from flows.documents.themes.coder import load_codebook
from flows.sources.passport import Passport, load_passports

PASSPORTS = load_passports(Settings().passports)
MODELS = ROOT / "dbt_project" / "models"
SEEDS = ROOT / "dbt_project" / "seeds"


def seed(name: str) -> list[dict[str, str]]:
    with (SEEDS / f"{name}.csv").open(newline="", encoding="utf-8") as f:
        return list(csv.DictReader(f))


@pytest.mark.parametrize("passport", PASSPORTS, ids=lambda p: p.source)
def test_a_passport_is_complete(passport: Passport) -> None:
    assert passport.licence
    assert passport.homepage.startswith("https://")
    assert passport.editions
    symbols = {r["symbols"] for r in seed("value_symbol")}
    if passport.role != "reference":
        for name, edition in passport.editions.items():
            if any(t.shape in {"wide", "tidy", "sheet"} for t in passport.tables):
                assert edition.symbols in symbols, f"{passport.source} {name}: {edition.symbols}"


def test_every_publication_is_a_dbt_source() -> None:
    listed = yaml.safe_load((MODELS / "staging" / "_landing.yml").read_text())["sources"][0]["tables"]
    assert sorted(t["name"] for t in listed) == sorted(p.source for p in PASSPORTS)


def test_every_table_of_figures_is_staged() -> None:
    for passport in PASSPORTS:
        path = MODELS / "staging" / "cells" / f"stg_{passport.source}__cells.sql"
        if passport.role == "reference" or not path.exists():
            continue
        staged = re.findall(r"^\s+'(\w+)'", path.read_text(), flags=re.MULTILINE)
        figures = [t.table for t in passport.tables if t.shape in {"wide", "tidy", "sheet"}]
        assert sorted(staged) == sorted(figures), passport.source


def test_measure_source_speaks_of_known_tables_editions_and_measures() -> None:
    tables = {(p.source, t.table): p for p in PASSPORTS for t in p.tables}
    measures = {r["measure_id"] for r in seed("measure")}
    for row in seed("measure_source"):
        passport = tables.get((row["source"], row["table_name"]))
        assert passport is not None, row
        assert row["edition_from"] in passport.editions, row
        assert not row["edition_to"] or row["edition_to"] in passport.editions, row
        assert row["measure_id"] in measures, row
        assert row["component"] in {"value", "numerator", "denominator"}, row
        assert float(row["unit_factor"]) != 0


def test_no_published_figure_is_mapped_twice() -> None:
    keys = Counter(
        (
            r["source"],
            r["table_name"],
            r["edition_from"],
            r["column_name"].lower(),
            r["filter"],
            r["period"],
            r["measure_id"],
            r["component"],
            r["year"],
        )
        for r in seed("measure_source")
    )
    assert [k for k, n in keys.items() if n > 1] == []


def test_measures_know_one_another() -> None:
    rows = seed("measure")
    ids = {r["measure_id"] for r in rows}
    assert len(ids) == len(rows)
    mapped = {r["measure_id"] for r in seed("measure_source")}
    for r in rows:
        assert {p for p in r["sum_of"].split(" + ") if p} <= ids, r["measure_id"]
        for link in ("continues", "numerator_measure", "denominator_measure"):
            assert not r[link] or r[link] in ids, (r["measure_id"], link)
        assert r["better_when"] in {"higher", "lower", "neither"}
        assert (r["quality_or_quantity"], r["effort_or_effect"]) in {
            (a, b) for a in ("quality", "quantity") for b in ("effort", "effect")
        }
        if r["availability"] == "published":
            assert r["measure_id"] in mapped, f"{r['measure_id']} is said to be published and nothing maps it"
        if r["availability"] == "absent":
            assert r["measure_id"] not in mapped


def test_the_themes_are_those_of_the_codebook() -> None:
    codebook = load_codebook()
    categories = {c.id: c.label for c in codebook.categories}
    themes = [(t.entry.id, t.entry.label, t.category, categories[t.category]) for t in codebook.themes]
    assert [tuple(r.values())[:4] for r in seed("report_theme")] == themes


def properties() -> dict[str, dict[str, object]]:
    found = {}
    for path in [*MODELS.rglob("*.yml"), *SEEDS.glob("*.yml")]:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        for kind in ("models", "seeds"):
            for entry in content.get(kind) or []:
                found[entry["name"]] = entry
    return found


def test_every_model_and_seed_says_what_one_row_is() -> None:
    described = properties()
    names = [p.stem for p in MODELS.rglob("*.sql")] + [p.stem for p in SEEDS.glob("*.csv")]
    for name in names:
        entry = described.get(name)
        assert entry is not None, f"{name} has no description"
        assert str(entry.get("description", "")).strip().startswith("One row"), name
        grain = entry.get("config", {}).get("meta", {}).get("grain")  # type: ignore[attr-defined]
        assert grain, f"{name} states no grain"


def test_no_path_of_a_machine_stands_in_the_project() -> None:
    machine = re.compile(r"(/work/|/root/|/home/\w|/tmp/\w)")
    for folder in ("flows", "expectations", "analysis", "dbt_project", "docs", "tests"):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in {".py", ".sql", ".yml", ".md", ".csv"} and "__pycache__" not in path.parts:
                if path.name == "test_dictionary.py":
                    continue
                assert not machine.search(path.read_text(encoding="utf-8", errors="ignore")), path
