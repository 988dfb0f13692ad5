"""The project's SQL without dbt: a model or test rendered for DuckDB, with its macros as they are."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import jinja2

from flows.common.settings import ROOT

MACROS = ROOT / "dbt_project" / "macros"


def rendered(text: str, ref: Callable[[str], str] = str, **context: Any) -> str:
    """A model's or singular test's text as the SQL that DuckDB is given.

    Args:
        text: the file's content.
        ref: the name of a model → the name under which the rows lie.
        context: what else it calls, e.g. ``config``.
    """
    environment = jinja2.Environment(extensions=["jinja2.ext.do"])
    # Macros see one another, and each is spelt for the engine that is asked for: here the default, DuckDB.
    spelt = environment.globals
    spelt["adapter"] = SimpleNamespace(dispatch=lambda name: spelt[f"default__{name}"])
    for folder in (MACROS / "engine", MACROS):
        for path in sorted(folder.glob("*.sql")):
            module = environment.from_string(path.read_text(encoding="utf-8")).module
            spelt.update({k: v for k, v in vars(module).items() if not k.startswith("_")})
    return environment.from_string(text).render(ref=ref, **context)
