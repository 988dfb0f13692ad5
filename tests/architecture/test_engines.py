"""What each engine spells in its own way: both spell it, and an example says what it means."""

from __future__ import annotations

import re

from flows.common.settings import ROOT

PROJECT = ROOT / "dbt_project"
SPELT = "\n".join(p.read_text(encoding="utf-8") for p in sorted((PROJECT / "macros" / "engine").glob("*.sql")))
DISPATCHED = set(re.findall(r"adapter\.dispatch\('(\w+)'\)", SPELT))


def test_every_engine_spells_every_macro() -> None:
    for engine in ("default", "spark"):
        spelt = set(re.findall(rf"macro {engine}__(\w+)\(", SPELT))
        assert not DISPATCHED - spelt, engine


def test_every_macro_has_an_example() -> None:
    examples = (PROJECT / "tests" / "engine_macros_mean_the_same.sql").read_text(encoding="utf-8")
    # Every staging model reads the landing; an identifier is part of the example of cells from columns.
    assert {m for m in DISPATCHED if not re.search(rf"\b{m}\(", examples)} == {"landed_table", "landed_register"}


def test_models_leave_the_dialect_to_macros() -> None:
    """What DuckDB alone understands is in a macro."""
    words = [
        r"as varchar\)",
        r"union all by name\b",
        r"(?:unpivot|lambda)\b",
        r"pivot \w",
        r"list(?:_(?!of)\w+)?\(",
        r"(?:arg_(?:max|min)|quantile_(?:cont|disc)|datesub|date_diff|generate_series|isodow|read_csv|starts_with)\(",
        r"(?:regexp_full_match|regexp_matches|string_split|strptime)\(",
        r"(?:sum|avg|string_agg)\([^()]* order by\b",
        r"escape '\\'",
    ]
    foreign = re.compile(r"\b(?:" + "|".join(words) + r")|\* (?:exclude|replace)\b|\w\[\d")
    found = [
        f"{path.relative_to(PROJECT)}:{number}: {line.strip()}"
        for path in sorted((PROJECT / "models").rglob("*.sql"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if foreign.search(re.sub(r"\{\{.*?\}\}", "", line.partition("--")[0]))
    ]
    assert not found, "dbt_project/macros/engine has what both engines understand:\n" + "\n".join(found)
