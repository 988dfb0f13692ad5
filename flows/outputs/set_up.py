"""Whether an installation is set up as it should be: Python, packages, settings, data folder, space."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from flows.common.errors import CswError
from flows.common.findings import Finding
from flows.common.lock import LAYOUT, layout_of, may_write
from flows.common.settings import Settings, unknown_settings

NAME = "childrens-services-warehouse"
#: A first run on all returns needs about so much beside what it fetches; and a build so much memory.
FIRST_RUN_BYTES, MEMORY_BYTES = 2_000_000_000, 2_000_000_000


def set_up(settings: Settings) -> list[Finding]:
    """Everything but the schedules and the servers."""
    return [_python(), _packages(settings), _settings(), *_data(settings), _space(settings), _memory()]


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    if (3, 11) <= sys.version_info[:2] < (3, 14):
        return Finding("Python", True, version)
    return Finding("Python", False, version, "Use Python 3.11, 3.12 or 3.13 (`make PYTHON=python3.12`).")


def _packages(settings: Settings) -> Finding:
    """Whether what is installed is what this project asks for, its pins among them."""
    import tomllib
    from importlib.metadata import PackageNotFoundError, requires, version

    from packaging.requirements import Requirement

    path = settings.root / "pyproject.toml"
    if path.exists():
        names = tomllib.loads(path.read_text(encoding="utf-8"))["project"]["dependencies"]
    else:  # installed as a package
        names = [r for r in requires(NAME) or [] if "extra ==" not in r]
    asked = [Requirement(r) for r in names]
    wrong = []
    for r in asked:
        try:
            held = version(r.name)
        except PackageNotFoundError:
            wrong.append(f"{r.name} is not installed")
            continue
        if not r.specifier.contains(held, prereleases=True):
            wrong.append(f"{r.name} {held} is not {r.specifier}")
    if wrong:
        advice = "Run `make .venv/.synced` (or `uv sync --frozen`), and use .venv/bin/csw."
        return Finding("packages", False, "; ".join(wrong), advice)
    return Finding("packages", True, f"all {len(asked)} that are asked for, in the versions that are asked for")


def _settings() -> Finding:
    slips = unknown_settings()
    if slips:
        advice = "See docs/live.md for the settings there are."
        return Finding("settings", False, f"no such settings: {', '.join(slips)}", advice)
    given = sorted(n for n in os.environ if n.startswith("CSW_"))
    return Finding("settings", True, ", ".join(given) or "none given; everything as usual")


def _data(settings: Settings) -> list[Finding]:
    from flows.sample.bundled import archived_kinds
    from flows.warehouse.built import read_build, why_not_default
    from flows.warehouse.earlier import earlier
    from flows.warehouse.publish import check_warehouse, damage

    data = settings.data
    if not data.exists():
        return [Finding("data folder", None, f"{data} is not there yet", "`csw run` makes it.")]
    layout = layout_of(data)
    if layout > LAYOUT:
        return [Finding("data folder", False, f"{data} is of a later version of csw", "Use that version.")]
    if not may_write(data):
        advice = "Reading works; to refresh, run as the user who owns it."
        return [Finding("data folder", None, f"{data} may not be written by this user", advice)]
    kinds = archived_kinds(settings)
    holds = {0: "nothing archived yet", 1: f"{''.join(kinds)} files", 2: "real AND synthetic files"}[len(kinds)]
    older = ", of an earlier version: the next run takes it over" if layout < LAYOUT else ""
    found = [Finding("data folder", len(kinds) < 2, f"{data}: {holds}{older}")]
    if not settings.published.exists():
        return [*found, Finding("published warehouse", None, "none yet", "`csw run` publishes one.")]
    try:
        check_warehouse(settings.published)
        wrong = damage(settings)
    except CswError as exc:
        wrong = str(exc)
    if wrong:
        found.append(Finding("published warehouse", False, wrong, "`csw rollback`, or `csw run --full`."))
    else:
        build = read_build(settings.published)
        reason = why_not_default(build, settings)
        said = reason or (build.text() if build else "")
        found.append(Finding("published warehouse", not reason, said, "`csw run` builds it again." if reason else ""))
    kept = len(earlier(settings))
    found.append(Finding("to go back to", None, f"{kept} earlier warehouse{'' if kept == 1 else 's'}"))
    return found


def _space(settings: Settings) -> Finding:
    place = settings.data
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    held = settings.published.stat().st_size if settings.published.exists() else 0
    # A build works on a copy beside the published file, spills what memory does not hold, and exports follow.
    needed = held * 3 or FIRST_RUN_BYTES
    said = f"{free / 1e9:.1f} GB free at {place}; a run needs about {needed / 1e9:.1f}"
    return Finding("space", free > needed, said, "" if free > needed else "Make room, or set CSW_DATA to another disk.")


def _memory() -> Finding:
    try:
        memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return Finding("memory", None, "how much there is cannot be told here")
    limit = Path("/sys/fs/cgroup/memory.max")
    if limit.exists() and (text := limit.read_text().strip()).isdigit():
        memory = min(memory, int(text))
    is_enough = memory >= MEMORY_BYTES
    advice = "" if is_enough else "A build may be ended by the system: give it 2 GB."
    return Finding("memory", is_enough or None, f"{memory / 1e9:.1f} GB", advice)
