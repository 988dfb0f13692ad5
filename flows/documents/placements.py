"""What people say of reports that cannot be placed by reading: whose they are, and when they were published.

``coding/placements.csv`` holds one row a decision, the newest last; it is people's, and no run changes it.
"""

from __future__ import annotations

import csv
import io
from dataclasses import asdict, dataclass, fields
from datetime import UTC, date, datetime
from pathlib import Path

from flows.common.errors import CswError, WrongArgument
from flows.common.files import read_rows, sha256_of, write_atomically
from flows.common.settings import Settings
from flows.documents.authority import load_authorities
from flows.landing.archive import Archive

_SHORTEST_HASH = 8


@dataclass(frozen=True, slots=True)
class Placement:
    """One decision: the file by its hash, its authority's code (blank: left as read) and day of publication."""

    sha256: str
    file: str
    la_code: str
    published_on: date | None
    placed_at: str


def placements_path(settings: Settings) -> Path:
    """Where people's decisions on reports stand."""
    return settings.coding / "placements.csv"


def read_placements(settings: Settings) -> dict[str, Placement]:
    """The decision that stands for each file, by its hash.

    Raises:
        CswError: a row of the file is not as it should be; names the row and the column.
    """
    path = placements_path(settings)
    if not path.exists():
        return {}
    codes = load_authorities(settings.seeds).codes
    found: dict[str, Placement] = {}
    for line, row in read_rows(path, [f.name for f in fields(Placement)]):
        code, day = row["la_code"].strip(), row["published_on"].strip()
        if code and code not in codes:
            raise CswError(f"{path.name}, row {line}, column la_code: {code!r} is no code of an authority.")
        try:
            published = date.fromisoformat(day) if day else None
        except ValueError as exc:
            raise CswError(
                f"{path.name}, row {line}, column published_on: {day!r} is no day. Write 2024-10-29."
            ) from exc
        found[row["sha256"]] = Placement(row["sha256"], row["file"], code, published, row["placed_at"])
    return found


def place_report(settings: Settings, file: str, authority: str = "", published_on: date | None = None) -> Placement:
    """Say whose a report is, or when it was published; the next run takes it up.

    Args:
        settings: where things are kept.
        file: the report's file: its name, the beginning of its hash, or its path.
        authority: three-digit code or name; blank leaves it as read.
        published_on: day of publication, where neither the report nor its file's name nor an index has it.

    Raises:
        CswError: no archived report or more than one is meant, no authority or more than one is named, or nothing is
            said.
    """
    if not authority and published_on is None:
        raise WrongArgument("say whose report it is, or when it was published.")
    sha256, name = _archived(settings, file)
    code = _code(settings, authority) if authority else ""
    before = read_placements(settings).get(sha256)
    placement = Placement(
        sha256,
        name,
        code or (before.la_code if before else ""),
        published_on or (before.published_on if before else None),
        datetime.now(UTC).replace(microsecond=0).isoformat(),
    )
    path = placements_path(settings)
    columns = [f.name for f in fields(Placement)]
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, columns, lineterminator="\n")
    if path.exists():
        buffer.write(path.read_text(encoding="utf-8-sig"))
        if not buffer.getvalue().endswith("\n"):
            buffer.write("\n")
    else:
        writer.writeheader()
    writer.writerow({**asdict(placement), "published_on": placement.published_on or ""})
    write_atomically(path, buffer.getvalue().encode())
    return placement


def _archived(settings: Settings, file: str) -> tuple[str, str]:
    """Hash and name of the one archived document that is meant."""
    path = Path(file)
    wanted = sha256_of(path.read_bytes()) if path.is_file() else file
    held = [p for _, p in Archive(settings.archive).all("ofsted_reports") if p.edition == "documents"]
    met = {
        p.sha256: p.file
        for p in held
        if p.file == path.name or (len(wanted) >= _SHORTEST_HASH and p.sha256.startswith(wanted.lower()))
    }
    exact = {sha: name for sha, name in met.items() if sha == wanted}
    met = exact or met
    if not met:
        raise WrongArgument(
            f"no archived report is called {file}. Land it first; `csw report-quality` lists what is held."
        )
    if len(met) > 1:
        hashes = ", ".join(sha[:12] for sha in sorted(met))
        raise WrongArgument(f"{len(met)} archived reports are called {file}: give the beginning of a hash ({hashes}).")
    return next(iter(met.items()))


def _code(settings: Settings, authority: str) -> str:
    authorities = load_authorities(settings.seeds)
    if authority in authorities.codes:
        return authority
    named = authorities.named_in(authority, None)
    if len(named) != 1:
        what = "more than one authority" if named else "no authority"
        raise WrongArgument(f"{authority!r} names {what}. Give the three-digit code or the whole name.")
    return named[0]
