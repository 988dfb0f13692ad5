"""A study that failed is told again by every run that has nothing new to build."""

from __future__ import annotations

import duckdb

from flows.common.settings import Settings
from flows.stages.analyse import study_errors_that_stand


def published(settings: Settings, statements: str) -> None:
    settings.published.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(str(settings.published)) as con:
        con.execute(statements)


def test_an_error_stands_until_the_study_runs(settings: Settings) -> None:
    published(
        settings,
        "create schema marts; create table marts.dim_edition (x integer); create schema results; "
        "create table results.estimate (study varchar, place varchar, subject varchar, reason varchar); "
        "insert into results.estimate values ('one', 'run', 'error', 'KeyError: x (model.py:1)'), "
        "('two', 'run', 'could not run', 'no such return'), ('three', 'table 1', 'error', 'a subject of that name')",
    )
    assert study_errors_that_stand(settings) == {"one": "KeyError: x (model.py:1)"}


def test_a_warehouse_without_results_has_none(settings: Settings) -> None:
    published(settings, "create schema marts; create table marts.dim_edition (x integer)")
    assert study_errors_that_stand(settings) == {}
