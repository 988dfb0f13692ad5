"""A published table that can no longer be read stops the run: passports, seeds or code are wrong, not the file."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import duckdb
import pytest

from flows.common.errors import CheckFailed
from flows.common.settings import Settings
from flows.landing.catalogue import read_catalogue
from flows.landing.land import land_folders, land_returns, published_is_lost
from flows.landing.withdrawal import withdraw
from flows.run import run_stages
from flows.warehouse.fingerprint import file_identity, published_tables
from tests.made_up import B1_NAME, b1, put

OTHER = "b1_children_in_need_2013_to_2024.csv"


def publish(settings: Settings) -> None:
    """A published file that says only what it was made from."""
    settings.warehouse.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(settings.published)) as con:
        con.execute("create schema marts")
        con.execute("create table marts.dim_edition (source text, table_name text, edition text, sha256 text)")
        rows = [[*e.key, e.sha256] for e in read_catalogue(settings)]
        con.executemany("insert into marts.dim_edition values (?, ?, ?, ?)", rows)
    tables = [e.key for e in read_catalogue(settings)]
    state = {"file": file_identity(settings.published), "sources": {}, "project": "p", "tables": tables}
    (settings.warehouse / "state.json").write_text(json.dumps(state))


@pytest.fixture
def misspelt(settings: Settings, tmp_path: Path) -> Settings:
    """Two published editions, and since then a seed in which a column of the older one is misspelt."""
    root = tmp_path / "project"
    for part in ("flows/sources", "dbt_project/seeds"):
        shutil.copytree(settings.root / part, root / part)
    shutil.copy(settings.root / "dbt_project.yml", root)
    mine = Settings(root=root, data=settings.data)
    put(tmp_path / "in", B1_NAME, b1())
    put(tmp_path / "in", OTHER, b1(years=(2023, 2024)))
    land_returns(mine, tmp_path / "in", workers=1)
    publish(mine)
    seed = root / "dbt_project" / "seeds" / "measure_source.csv"
    one = re.compile("^(dfe_cin,b1_children_in_need,)([^,]*),([^,]*),([^,]*)", re.MULTILINE)
    seed.write_text(one.sub(r"\1\2,2022,X\4", seed.read_text(), count=1))
    return mine


def test_a_misspelt_seed_publishes_nothing_and_names_the_tables(misspelt: Settings) -> None:
    report = land_folders(misspelt, [])
    lost = ("dfe_cin", "b1_children_in_need", "2022")
    assert published_is_lost(published_tables(misspelt), misspelt) == [lost]
    with pytest.raises(CheckFailed) as said:
        run_stages(misspelt, report)
    for words in (" ".join(lost), B1_NAME, "this mapped column is missing", "csw withdraw"):
        assert words in str(said.value)
    assert misspelt.published.exists()


def test_who_takes_it_out_of_use_goes_on_without(misspelt: Settings) -> None:
    land_folders(misspelt, [])
    withdraw(misspelt, "dfe_cin", "2022", reason="its columns are not known any more")
    report = land_folders(misspelt, [])
    assert report.refused == []
    assert [x.edition for x in read_catalogue(misspelt)] == ["2024"]
    # And back: it is read again, with what is wrong.
    withdraw(misspelt, B1_NAME, undo=True)
    assert "this mapped column is missing" in str(land_folders(misspelt, []).refused[0])
