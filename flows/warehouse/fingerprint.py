"""From what a warehouse is made: landed files, models, studies. Two warehouses of one fingerprint are the same."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from flows.common.files import read_json
from flows.common.settings import Settings
from flows.documents.archived import SOURCE, read_tables
from flows.landing.catalogue import Key, read_catalogue


@dataclass(frozen=True)
class Fingerprint:
    """From what a warehouse is made: a hash per publication's landed files, and one of everything that models them."""

    sources: dict[str, str]
    project: str

    def changed_since(self, other: Fingerprint | None) -> list[str] | None:
        """Publications that differ; None when everything has to be built."""
        if other is None or other.project != self.project:
            return None
        return sorted(s for s in {*self.sources, *other.sources} if self.sources.get(s) != other.sources.get(s))


def fingerprint(settings: Settings) -> Fingerprint:
    """What a warehouse built now would be made from."""
    sources: dict[str, Any] = {}
    for e in read_catalogue(settings):
        sources.setdefault(e.source, hashlib.sha256()).update(
            (
                f"{e.table_name} {e.edition} {e.sha256} {e.published_on} {e.symbols} {e.row_count} "
                # The same bytes may be read in another way, or be ordered in another.
                f"{e.landed_sha256} {e.edition_published_on} {e.role} {e.published_basis} {e.maturity}\n"
            ).encode()
        )
    for path in read_tables(settings):
        if path.exists() and SOURCE in sources:
            sources[SOURCE].update(hashlib.sha256(path.read_bytes()).digest())
    return Fingerprint({k: v.hexdigest() for k, v in sources.items()}, project_digest(settings))


def project_digest(settings: Settings) -> str:
    """A hash of everything that models landed files and studies them."""
    project = hashlib.sha256((settings.root / "dbt_project.yml").read_bytes())
    # Results are published with the marts: a changed study makes another warehouse, too; its pages do not.
    paths = [*(settings.root / "dbt_project").rglob("*"), *(settings.root / "analysis").rglob("*")]
    pages = settings.root / "analysis" / "report"
    for path in sorted(paths):
        if path.suffix in {".sql", ".yml", ".csv", ".py"} and pages not in path.parents:
            project.update(path.relative_to(settings.root).as_posix().encode())
            project.update(path.read_bytes())
    return project.hexdigest()


def published_fingerprint(settings: Settings) -> Fingerprint | None:
    """What the published warehouse was made from, or None when nothing is published or that is not known."""
    state = published_state(settings)
    return Fingerprint(state["sources"], state["project"]) if state else None


def published_tables(settings: Settings) -> set[Key]:
    """The landed tables (source, table, edition) that the published warehouse was made from."""
    state = published_state(settings) or {}
    return {(source, table, edition) for source, table, edition in state.get("tables", [])}


def published_state(settings: Settings) -> dict[str, Any] | None:
    """What was written down when the published file was published; None where it is not of this file, or not whole."""
    try:
        state = read_json(state_path(settings))
        # A crash between the two renames of a publish leaves a state that is not of this file: then build again.
        is_of_file = state["file"] == file_identity(settings.published)
        is_whole = isinstance(state["sources"], dict) and isinstance(state["project"], str)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return dict(state) if is_of_file and is_whole else None


def is_set_aside(settings: Settings, now: Fingerprint) -> bool:
    """Whether a warehouse made from this was gone back from (``csw rollback``): a run does not build it again."""
    state = published_state(settings) or {}
    return asdict(now) in state.get("set_aside", [])


def state_path(settings: Settings) -> Path:
    """What is known of the published file."""
    return settings.warehouse / "state.json"


def file_identity(path: Path) -> list[int]:
    """What tells one written file from another and survives a renaming: its size and when it was last written (ns)."""
    about = path.stat()
    return [about.st_size, about.st_mtime_ns]
