"""How a warehouse file was built, as the file itself says (``meta.warehouse_build``), and whether it may be published.

dbt writes the row when a build ends, whoever started it (the macro ``record_build``); :func:`mark_built` adds from
which models and studies a run built it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from flows.common.errors import CswError
from flows.common.settings import Settings
from flows.landing.catalogue import read_catalogue
from flows.warehouse.refresh import VARIABLE

TABLE = "meta.warehouse_build"


@dataclass(frozen=True)
class Build:
    """How a warehouse was built."""

    built_at: str
    """ISO, with its time zone."""
    command: str
    """Of dbt: build, run, seed, …."""
    as_of: str
    first_year: str
    variables: dict[str, Any]
    """Given on the command line."""
    chosen: str
    """What was selected or excluded, blank for everything."""
    nodes: int
    failed: int
    """How many of them failed."""
    dbt_version: str
    landed_tables: int
    landed_digest: str
    """Of the landed tables it holds: :func:`landed_digest`."""
    project_digest: str
    """Of the models and studies, where a run built it; blank where it was built by hand."""

    @property
    def by_hand(self) -> bool:
        """Whether dbt was run without csw."""
        return not self.project_digest

    def text(self) -> str:
        """For people, on one line."""
        moment = datetime.fromisoformat(self.built_at).astimezone()
        known = f"what was known on {self.as_of}" if self.as_of else "all that was known"
        how = " by dbt, by hand" if self.by_hand else ""
        return f"built {moment:%d %b %Y %H:%M}{how} from {self.landed_tables} landed tables: {known}"


def read_build(database: Path) -> Build | None:
    """What a file says; None where it says nothing, being no warehouse, half built, or built by an earlier version."""
    import duckdb

    try:
        with duckdb.connect(str(database), read_only=True) as con:
            found = con.execute(f"select * from {TABLE}")
            names = [d[0] for d in found.description]
            row = found.fetchone()
    except duckdb.Error:
        return None
    if row is None:
        return None
    said = dict(zip(names, row, strict=True))
    said["built_at"] = said["built_at"].isoformat()
    said["variables"] = json.loads(said["variables"] or "{}")
    return Build(**{k: v for k, v in said.items() if k in Build.__dataclass_fields__})


def from_state(said: Any) -> Build | None:
    """A build as it was written down; None where it was not."""
    from pydantic import TypeAdapter, ValidationError

    try:
        found = TypeAdapter(Build).validate_python(said)
        datetime.fromisoformat(found.built_at)
    except (ValidationError, ValueError):
        return None
    return found


def to_state(build: Build) -> dict[str, Any]:
    """A build to be written down."""
    return asdict(build)


def mark_built(database: Path, project_digest: str) -> None:
    """Note from which models and studies a file was built."""
    import duckdb

    with duckdb.connect(str(database)) as con:
        con.execute(f"update {TABLE} set project_digest = ?", [project_digest])


def landed_digest(settings: Settings) -> str:
    """Of what is landed now, as a build writes it down."""
    lines = sorted(f"{x.source} {x.table_name} {x.edition} {x.sha256}" for x in read_catalogue(settings))
    ordered = sorted(lines, key=lambda line: line.split(" "))
    return hashlib.md5("\n".join(ordered).encode(), usedforsecurity=False).hexdigest() if ordered else ""


def why_not_default(build: Build | None, settings: Settings) -> str:
    """Why a file may not be published, in words; blank where it may.

    Only what was built whole, with the project's own variables and without a failure, is what readers expect.
    """
    if build is None:
        return "it does not say how it was built: it is half built, or no warehouse, or of an earlier version"
    if build.as_of:
        return f"it was built as of {build.as_of} and lacks everything that was published since"
    usual = _usual_variables(settings)
    if not build.by_hand:
        # What a run makes again is as what it leaves (a test).
        usual[VARIABLE] = build.variables.get(VARIABLE, [])
    other = {k: v for k, v in build.variables.items() if str(usual.get(k, "")) != str(v)}
    if other:
        return "it was built with other variables: " + ", ".join(f"{k}={v}" for k, v in sorted(other.items()))
    if build.failed:
        return f"{build.failed} of its models or tests failed"
    if build.command != "build":
        return f"it was made by `dbt {build.command}`, which runs no tests"
    if build.by_hand and build.chosen:
        return f"only a part of it was built ({build.chosen})"
    return ""


def why_not_now(build: Build, settings: Settings) -> str:
    """Why a file built by hand is not of what there is now, in words; blank where it is.

    Of such a file nobody else has noted what it was made from.
    """
    if build.landed_digest != landed_digest(settings):
        return "what is landed has changed since"
    built = datetime.fromisoformat(build.built_at).timestamp()
    paths = [settings.root / "dbt_project.yml", *(settings.root / "dbt_project").rglob("*")]
    newer = [p for p in paths if p.suffix in {".sql", ".yml", ".csv", ".py"} and p.stat().st_mtime > built]
    return f"{newer[0].relative_to(settings.root)} has changed since" if newer else ""


def check_build(settings: Settings, database: Path) -> Build:
    """How a file was built, where it may be published.

    Raises:
        CswError: it may not; the message says why.
    """
    build = read_build(database)
    reason = why_not_default(build, settings)
    if build is not None and not reason and build.by_hand:
        reason = why_not_now(build, settings)
    if reason or build is None:
        raise CswError(
            f"{database.name} is not published: {reason}. What is published stays. Build it with `csw build` or a "
            "plain `dbt build`; `csw run --as-of DATE` keeps what was known then in a file of its own."
        )
    return build


def _usual_variables(settings: Settings) -> dict[str, Any]:
    import yaml

    said = yaml.safe_load((settings.root / "dbt_project.yml").read_text(encoding="utf-8"))
    return dict(said.get("vars", {}))
