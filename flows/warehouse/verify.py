"""Whether everything that is kept is as it was written: archive, landing, the published file, the exports."""

from __future__ import annotations

import hashlib
from pathlib import Path

from flows.common.files import read_json
from flows.common.settings import Settings
from flows.landing.ledger import Ledger
from flows.landing.verify import Verified, verify_files
from flows.warehouse.earlier import earlier, is_whole
from flows.warehouse.fingerprint import published_state, state_path

_BLOCK = 1 << 20


def verify(settings: Settings) -> Verified:
    """Read everything that is kept, and compare it with what was recorded when it was written.

    What is found damaged is no longer taken for whole: the next landing mends what it can.
    """
    found = verify_files(settings)
    _verify_published(settings, found)
    _verify_earlier(settings, found)
    _verify_exports(settings, found)
    return found


def forget_what_was_whole(settings: Settings) -> None:
    """Let the next landing read every hash again; for a caller that holds the writer's lock.

    A disk may change bytes without changing a file's times.
    """
    ledger, trouble = Ledger.read(settings)
    if not trouble and ledger.digest:
        ledger.seen = {}
        ledger.write(settings)


def file_sha256(path: Path) -> str:
    """Hash of a large file."""
    digest = hashlib.sha256()
    with path.open("rb") as f:
        while block := f.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _verify_published(settings: Settings, found: Verified) -> None:
    import duckdb

    path = settings.published
    again = "(`csw run --full` makes it anew, `csw rollback` goes back to an earlier one)"
    name = path.relative_to(settings.data)
    if not path.exists():
        if state_path(settings).exists():
            found.damaged.append(f"{name}: gone {again}")
        else:
            found.checked.append("warehouse: nothing is published")
        return
    recorded = (published_state(settings) or {}).get("sha256", "")
    if recorded and file_sha256(path) != recorded:
        found.damaged.append(f"{name}: not the bytes that were published {again}")
        return
    try:
        with duckdb.connect(str(path), read_only=True) as con:
            rows = con.execute("select count(*) from marts.fct_la_year_measure").fetchone()
    except duckdb.Error as exc:
        found.damaged.append(f"{name}: it cannot be read ({str(exc).splitlines()[0]}) {again}")
        return
    how = "every byte" if recorded else "it opens; no hash of it was recorded"
    found.checked.append(f"warehouse: {name}, {rows[0] if rows else 0:,} figures ({how})")


def _verify_earlier(settings: Settings, found: Verified) -> None:
    held = earlier(settings)
    for one in held:
        if not is_whole(one.path):
            name = one.path.relative_to(settings.data)
            found.damaged.append(f"{name}: not the bytes that were published (nobody can go back to it: remove it)")
    if held:
        found.checked.append(f"earlier warehouses: {len(held)}")


def _verify_exports(settings: Settings, found: Verified) -> None:
    folder = settings.data / "export"
    package = folder / "datapackage.json"
    if not folder.is_dir() or not any(folder.iterdir()):
        return
    again = "(`csw export` makes it anew)"
    try:
        resources = read_json(package)["resources"]
        listed = [(str(r["path"]), str(r.get("hash", ""))) for r in resources]
    except (OSError, ValueError, KeyError, TypeError):
        found.damaged.append(f"export/datapackage.json: not there or not whole {again}")
        return
    for name, recorded in listed:
        path = folder / name
        if not path.is_file():
            found.damaged.append(f"export/{name}: gone {again}")
        elif recorded.startswith("sha256:") and file_sha256(path) != recorded.removeprefix("sha256:"):
            found.damaged.append(f"export/{name}: not as it was written {again}")
    found.checked.append(f"exports: {len(listed)} files")
