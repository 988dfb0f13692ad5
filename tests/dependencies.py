"""``docs/dependencies.md``: every package that the product needs, with version and licence, from uv.lock and what is
installed. ``python -m tests.dependencies [--check]``."""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "dependencies.md"
PROJECT = "childrens-services-warehouse"

#: What asks that a work made with it be under the same terms, or is not free to use for all.
COPYLEFT = re.compile(
    r"(?i)(?<!beside the )\b(a?gpl|gnu (affero )?general public|sspl|server side public|busl|business source|"
    r"cc[- ]by[- ](nc|sa)|eupl|osl|cpal|commons clause|elastic license)"
)
#: What is asked of changes to the library itself only, and nothing of who uses it as it is.
WEAK = re.compile(r"(?i)\b(lgpl|lesser general public|mpl|mozilla public|epl|eclipse public|cddl)")
#: Packages that offer a choice of licences, or say theirs in a way that no pattern reads: what is taken, and why.
TAKEN: dict[str, str] = {
    "odfpy": "Apache-2.0 (of the three that it names)",
    "tabmat": "BSD-3-Clause (its LICENSE file)",
    "text-unidecode": "Artistic-1.0 (offered beside the GPL)",
    # The second engine's, which only `make test-spark` installs.
    "dbt-spark": "Apache Software License",
    "py4j": "BSD License",
    "pyspark": "Apache-2.0",
    "sqlparams": "MIT License",
}


#: What is kept in the repository for pages to open without a network, or to test them: each folder's LICENSES.txt says
#: what its files are, and holds the licences.
SCRIPTS = ("analysis/report/static/vendor", "expectations/static", "tests/report/vendor")
_SCRIPT = re.compile(
    r"^(?P<files>[^:\n]+): (?P<name>\S.*) (?P<version>[0-9][0-9.]*) \((?P<licence>[^)]+)\)$", re.MULTILINE
)


@dataclass(frozen=True)
class Package:
    """A package of the lock: which version, why it is there, under what licence."""

    name: str
    version: str
    is_direct: bool
    is_dev: bool
    licence: str


def packages() -> list[Package]:
    """Everything in uv.lock that the product or its tests need here, by name."""
    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))["package"]
    by_name: dict[str, dict[str, Any]] = {p["name"]: p for p in lock}
    ours = by_name[PROJECT]
    direct = {d["name"] for d in ours.get("dependencies", [])}
    for_tests = {d["name"] for g in ours.get("dev-dependencies", {}).values() for d in g}
    runs, tests = _reached(direct, by_name), _reached(for_tests, by_name)
    return [
        Package(
            name,
            str(by_name[name].get("version", "")),
            name in direct or (name in for_tests and name not in runs),
            name not in runs,
            licence(name),
        )
        for name in sorted(runs | tests)
    ]


def _reached(names: set[str], by_name: dict[str, dict[str, Any]]) -> set[str]:
    found: set[str] = set()
    ahead = list(names)
    while ahead:
        name = ahead.pop()
        if name in found or name not in by_name:
            continue
        found.add(name)
        package = by_name[name]
        extras = [d for e in package.get("optional-dependencies", {}).values() for d in e]
        ahead += [d["name"] for d in [*package.get("dependencies", []), *extras]]
    return found


def licence(name: str) -> str:
    """What a package says of its licence; blank where it is not installed on this machine."""
    if name in TAKEN:
        return TAKEN[name]
    try:
        about = metadata(name)
    except PackageNotFoundError:
        return ""
    said = about.get("License-Expression") or ""
    if not said:
        classes = [c.rpartition(" :: ")[2] for c in about.get_all("Classifier") or [] if c.startswith("License")]
        # "or" within a name is no choice between licences.
        said = ", ".join(c.replace(" or ", "/") for c in classes if c != "OSI Approved")
    if not said:
        said = (about.get("License") or "").strip().splitlines()[0] if about.get("License") else "not said"
    return " ".join(said.split())


def is_copyleft(said: str) -> bool:
    """Whether a licence asks that a work made with it be under its terms; of a choice (OR) the free one is taken."""

    def binds(choice: str) -> bool:
        return any(COPYLEFT.search(part) and not WEAK.search(part) for part in re.split(r"(?i)[,;]|\s+and\s+", choice))

    return all(binds(choice) for choice in re.split(r"(?i)\s+or\s+", said))


def page() -> str:
    """The page."""
    found = packages()
    lines = [
        "# Dependencies",
        "",
        "Written by `make dependencies` from `uv.lock` and what the installed packages say of themselves; a test "
        "holds it against both, and sees that nothing came in whose licence would bind what is made with it (GPL, "
        "AGPL, SSPL and their like). Licences that ask something of changes to the library itself only "
        "are marked *weak*.",
        "",
        "Pins and their reasons are in `pyproject.toml`. A version is that of the lock; a licence is blank where the "
        "package is for another system or Python than the one on which this was written.",
    ]
    for title, is_dev in (("To run", False), ("To test and to work on it", True)):
        mine = [p for p in found if p.is_dev is is_dev]
        lines += [
            "",
            f"## {title}",
            "",
            f"{len(mine)} packages; those in **bold** are asked for, the rest they bring.",
            "",
        ]
        lines += ["| package | version | licence |", "|---|---|---|"]
        for p in mine:
            name = f"**{p.name}**" if p.is_direct else p.name
            weak = " *weak*" if WEAK.search(p.licence) else ""
            lines.append(f"| {name} | {p.version} | {p.licence.replace('|', '/')[:80]}{weak} |")
    lines += [
        "",
        "## In the browser",
        "",
        "Kept in the repository as their packages have them, so that pages open without a network; the licences stand "
        "beside the files. What is under `tests` is not part of the product.",
        "",
        "| package | version | licence | files |",
        "|---|---|---|---|",
    ]
    for folder in SCRIPTS:
        for said in _SCRIPT.finditer((ROOT / folder / "LICENSES.txt").read_text(encoding="utf-8")):
            weak = " *weak*" if WEAK.search(said["licence"]) else ""
            files = f"`{folder}`: {said['files']}"
            lines.append(f"| {said['name']} | {said['version']} | {said['licence']}{weak} | {files} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Write the page, or hold it against what there is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="change nothing; say what does not fit")
    asked = parser.parse_args()
    bad = [f"{p.name} {p.version}: {p.licence}" for p in packages() if p.licence and is_copyleft(p.licence)]
    for line in bad:
        print(f"copyleft: {line}")
    if asked.check:
        if PAGE.read_text(encoding="utf-8") != page():
            print(f"{PAGE.relative_to(ROOT)} is not what `make dependencies` would write")
            bad.append("page")
    else:
        PAGE.write_text(page(), encoding="utf-8")
        print(f"Wrote {PAGE.relative_to(ROOT)}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
