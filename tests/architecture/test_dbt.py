"""The dbt project as dbt itself parsed it: layers, grains, descriptions, groups, sources, and no Python."""

from __future__ import annotations

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from flows.common.settings import ROOT, Settings
from flows.sources.passport import load_passports
from flows.warehouse.refresh import EVERY_EDITION, refresh_of
from tests.installation import made_already

PROJECT = ROOT / "dbt_project"
LAYERS = ("staging", "intermediate", "marts")
ACCESS = {
    "staging": {"protected", "private"},
    "intermediate": {"protected", "private"},
    "core": {"public"},
    "benchmark": {"public"},
}


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What dbt makes of the project: as it parsed it for another test of this run, else by parsing alone."""
    for name, target in (("sample", "data/dbt/target"), ("sample", "target"), ("built-by-hand", "target")):
        made = made_already(tmp_path_factory, name)
        if made and (made / target / "manifest.json").exists():
            return dict(json.loads((made / target / "manifest.json").read_text(encoding="utf-8")))
    alone = tmp_path_factory.mktemp("dbt")
    done = subprocess.run(
        [str(Path(sys.executable).with_name("dbt")), "parse", "--quiet", "--no-partial-parse"],
        env={
            **os.environ,
            "DBT_TARGET_PATH": str(alone),
            "DBT_LOG_PATH": str(alone),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        },
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return dict(json.loads((alone / "manifest.json").read_text(encoding="utf-8")))


def nodes(manifest: dict[str, Any], *kinds: str) -> list[dict[str, Any]]:
    return [n for n in manifest["nodes"].values() if n["resource_type"] in kinds]


def layer(node: dict[str, Any]) -> str:
    """The layer a model is of, by its folder; a seed is of none."""
    return Path(node["path"]).parts[0] if node["resource_type"] == "model" else "seeds"


def part(node: dict[str, Any]) -> str:
    """The concern of an intermediate model or mart: the folder below its layer."""
    return Path(node["path"]).parts[1] if layer(node) in {"intermediate", "marts"} else layer(node)


def test_every_model_is_sql(manifest: dict[str, Any]) -> None:
    """SQL that another engine can be given; what SQL cannot do is analysis, or done before landing."""
    assert not list((PROJECT / "models").rglob("*.py"))
    assert {n["language"] for n in nodes(manifest, "model")} == {"sql"}


def test_layers_read_only_what_lies_before_them(manifest: dict[str, Any]) -> None:
    problems = []
    for node in nodes(manifest, "model"):
        said = node["config"]["meta"].get("reads_staging_because", "")
        read = [manifest["nodes"][d] for d in node["depends_on"]["nodes"] if d in manifest["nodes"]]
        layers = {layer(n) for n in read}
        mine = layer(node)
        ahead = {other for other in layers & set(LAYERS) if LAYERS.index(other) > LAYERS.index(mine)}
        if ahead:
            problems.append(f"{node['name']} ({mine}) reads {', '.join(sorted(ahead))}")
        if mine == "marts" and "staging" in layers and not said:
            names = ", ".join(n["name"] for n in read if layer(n) == "staging")
            problems.append(f"{node['name']} reads {names} and says no config.meta.reads_staging_because")
        if said and not (mine == "marts" and "staging" in layers):
            problems.append(f"{node['name']} says why it reads staging, and does not")
        if mine != "staging" and any(d.startswith("source.") for d in node["depends_on"]["nodes"]):
            problems.append(f"{node['name']} reads a source past staging")
    assert not problems


def test_every_reason_is_one_line(manifest: dict[str, Any]) -> None:
    said = [n["config"]["meta"].get("reads_staging_because", "x.") for n in nodes(manifest, "model")]
    assert all(reason.endswith(".") and "\n" not in reason and len(reason) < 120 for reason in said)


def test_every_model_and_seed_says_its_grain_and_tests_it(manifest: dict[str, Any]) -> None:
    tests = [n for n in nodes(manifest, "test") if (n.get("test_metadata") or {}).get("name") == "unique_grain"]
    # Without columns of its own the test takes the grain that the model states.
    tested = {n["attached_node"] for n in tests if not n["test_metadata"]["kwargs"].get("columns")}
    for node in nodes(manifest, "model", "seed"):
        meta = node["config"]["meta"]
        assert meta.get("grain"), f"{node['name']} states no grain"
        assert set(meta.get("grain_nullable", [])) <= set(meta["grain"]), node["name"]
        assert node["description"].startswith("One row"), f"{node['name']}: {node['description']!r}"
        assert node["unique_id"] in tested, f"{node['name']}: its grain is not tested"


def test_every_exported_column_is_described_and_typed(manifest: dict[str, Any]) -> None:
    for node in nodes(manifest, "model"):
        if layer(node) == "marts":
            assert node["config"]["contract"]["enforced"], node["name"]
            assert node["columns"], node["name"]
            bare = [c["name"] for c in node["columns"].values() if not c["description"] or not c["data_type"]]
            assert not bare, f"{node['name']}: {bare}"
    results = yaml.safe_load((ROOT / "analysis" / "results.yml").read_text(encoding="utf-8"))["models"]
    assert not [c["name"] for m in results for c in m["columns"] if not c.get("description")]


def test_the_dictionary_is_what_its_generator_writes() -> None:
    done = subprocess.run(
        [sys.executable, str(PROJECT / "dictionary.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}\nRun `make dictionary` and commit what it writes."


def test_the_wide_table_has_a_column_per_measure(manifest: dict[str, Any]) -> None:
    with (PROJECT / "seeds" / "measure.csv").open(newline="", encoding="utf-8") as f:
        measures = [row["measure_id"] for row in csv.DictReader(f)]
    wide = next(n for n in nodes(manifest, "model") if n["name"] == "fct_la_year")
    assert list(wide["columns"]) == ["la_code", "year", *measures]


def test_one_name_means_one_thing(manifest: dict[str, Any]) -> None:
    """A column that several marts have is described alike, or the dictionary says which table has words of its own."""
    about = yaml.safe_load((PROJECT / "columns.yml").read_text(encoding="utf-8"))
    own = {(table, name) for table, names in about["own"].items() for name in names}
    columns = {(n["name"], c) for n in nodes(manifest, "model") if layer(n) == "marts" for c in n["columns"]}
    assert own <= columns
    assert set(about["columns"]) <= {c for _, c in columns}


def test_groups_access_and_tags(manifest: dict[str, Any]) -> None:
    for node in nodes(manifest, "model"):
        mine = layer(node)
        assert node["config"]["group"] == part(node), node["name"]
        assert node["config"]["access"] in ACCESS.get(part(node), {"protected", "private"}), node["name"]
        assert mine in node["config"]["tags"], node["name"]
    assert {g["name"] for g in manifest["groups"].values()} == {part(n) for n in nodes(manifest, "model")}
    assert all(g["description"] for g in manifest["groups"].values())


def test_there_is_a_source_for_every_publication() -> None:
    """With its title, and how old it may be where its publisher has a rhythm."""
    said = yaml.safe_load((PROJECT / "models" / "staging" / "_landing.yml").read_text(encoding="utf-8"))["sources"]
    tables = {t["name"]: t for t in said[0]["tables"]}
    passports = {p.source: p for p in load_passports(Settings().passports)}
    assert set(tables) == set(passports)
    assert said[0]["config"]["loaded_at_field"]
    for name, passport in passports.items():
        assert tables[name]["description"] == f"{passport.title} ({passport.publisher}).", name
        has_freshness = "freshness" in tables[name].get("config", {})
        assert has_freshness == (passport.cadence is not None), name


def test_every_window_and_case_of_the_middle_layer_has_a_unit_test(manifest: dict[str, Any]) -> None:
    """A rule (which row is used, which year, which status) is tested on rows made up for it."""
    tested = {u["model"] for u in manifest["unit_tests"].values()}
    rule = re.compile(r"\bover \(|\bover this_cell\b|^\s+case$|\bcase\b.*\bwhen\b", re.MULTILINE)
    without = {
        n["name"]
        for n in nodes(manifest, "model")
        if layer(n) == "intermediate" and rule.search(n["raw_code"]) and n["name"] not in tested
    }
    # tests/studies/test_sampling.py runs this one as it stands, against the rule in Python.
    assert without == {"int_documents__study_sample"}


#: What reads a list of every edition otherwise than by joining it to its own rows, and why that holds.
READ_OTHERWISE = {
    ("int_measures__spine_year", "stg_landing__catalogue"): "the roles of its figures' own publications",
    ("int_time__price_index", "stg_landing__edition"): "the editions of price indices, by source",
}


def test_what_lists_every_edition_is_read_by_publication(manifest: dict[str, Any]) -> None:
    """A refresh builds these lists whichever publication changed; what reads them takes the rows of its own alone."""
    models = nodes(manifest, "model")
    listed = [s for s in EVERY_EDITION if ":" not in s]
    listed += [n["name"] for n in models if "every_edition" in n["tags"]]
    found = set()
    for node in models:
        sql = node["raw_code"]
        for name in [] if node["name"] in listed else listed:
            read = f"ref('{name}')"
            if read not in sql:
                continue
            named = re.search(re.escape(read) + r" \}\} as (\w+)", sql)
            alias = named[1] if named else re.findall(r"(\w+) as \(", sql[: sql.index(read)])[-1]
            by_source = rf"same_(?:table|named_place)\([^)]*'{alias}'|\b{alias}\.source = |= {alias}\.source\b|"
            if not re.search(by_source + rf"{alias} using \(source\b", sql):
                found.add((node["name"], name))
    assert found == set(READ_OTHERWISE)


#: What a model that keeps the rows of unchanged measures reads of figures beside such models; why nothing is missed.
READ_BESIDE = {
    "int_measures__changed_measure": "says which measures change",
    "int_measures__spine_year": "its last year is a measure's own, or of what it is made of; the common one of looked-"
    "after children, whose primary publication changes every measure",
    "int_measures__edition": "an edition's day is its publication's",
    "int_measures__derived": "by measure, of its two sides",
    "int_measures__on_basis": "by measure, of its count; populations change every rate per child",
    "int_measures__newer_secondary": "by measure",
    "int_population__agreeing_edition": "of populations: they change every rate per child",
    "int_population__la_year": "of populations: they change every rate per child",
    "int_spend__early_help": "by measure, of its parts",
    "dim_measure": "asked only for the dictionary's own columns",
    "dim_measure_break": "by measure; a change of populations changes every rate per child",
    "dim_edition": "an edition's day and file are its publication's",
}


def test_what_keeps_rows_misses_no_change(manifest: dict[str, Any]) -> None:
    """A refresh of figures makes the rows of changed measures again: whatever else such a model reads is the same as it
    was, or is named above with the reason why the measures it changes are among them."""
    keep = {n["unique_id"] for n in nodes(manifest, "model") if n["config"]["meta"].get("refreshed_by")}
    assert keep
    seeds = csv.DictReader((PROJECT / "seeds" / "measure_source.csv").open(encoding="utf-8"))
    figures = {row["source"] for row in seeds}
    reached = {s for s, about in manifest["sources"].items() if about["name"] in figures}
    assert len(reached) == len(figures)
    while more := {c for of in reached for c in manifest["child_map"][of]} - reached:
        reached |= more
    lists = {n["unique_id"] for n in nodes(manifest, "model") if "every_edition" in n["tags"]}
    lists |= {f"model.childrens_services_warehouse.{s}" for s in EVERY_EDITION if ":" not in s}
    cells = {n["unique_id"] for n in nodes(manifest, "model") if n["name"].endswith("__cells")}
    parents = {p for n in nodes(manifest, "model") if n["unique_id"] in keep for p in n["depends_on"]["nodes"]}
    found = {manifest["nodes"][p]["name"] for p in parents & (reached | lists) - keep - cells}
    assert found == set(READ_BESIDE) | LISTS_READ


#: Lists of every edition that such models read: of other publications' rows they are what they were.
LISTS_READ = {"int_geography__reporting_unit", "stg_landing__catalogue"}


def test_only_figures_leave_other_measures_as_they_are() -> None:
    changed = refresh_of(Settings(), ["dfe_cin", "dfe_workforce"])
    assert changed.changed_publications == ("dfe_cin", "dfe_workforce")
    assert {"tag:every_edition", "source:landing.dfe_cin+", "source:landing.dfe_workforce+"} <= set(changed.select)
    assert refresh_of(Settings(), ["dfe_cin", "ofsted_reports"]).changed_publications == ()
    assert refresh_of(Settings(), ["ons_population"]).changed_publications == ()
