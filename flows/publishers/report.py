"""What a fetch did, source by source: one screen, kept beside the state, and shown wherever somebody asks."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path, PurePosixPath
from textwrap import shorten
from typing import TYPE_CHECKING, Any

from flows.common.files import read_json, write_atomically
from flows.common.tables import text_table

if TYPE_CHECKING:
    from flows.common.settings import Settings
    from flows.landing.under_way import LandingReport

#: File in the folder of what is remembered of the servers.
LAST = "last_fetch.json"
#: Names and lines of one kind shown before the rest is only counted.
MOST_SHOWN = 4
MOST_NOTES = 6
#: Servers by the kind of client, as people call them.
SERVERS = {
    "ees": "DfE",
    "govuk": "GOV.UK",
    "hmt": "GOV.UK",
    "nomis": "Nomis",
    "ofsted_reports": "Ofsted",
    "ons": "ONS",
}
LONGEST_NOTE = 240


@dataclass
class SourceReport:
    """What came of one source."""

    source: str
    role: str = ""
    """primary, secondary or reference."""
    asked: list[str] = field(default_factory=list)
    """Which places on which servers."""
    offered: int = 0
    """Files that the servers have there, of whatever kind."""
    wanted: int = 0
    """Of those, the ones that the passport takes."""
    arrived: int = 0
    """New, or with other bytes than at the last fetch."""
    unchanged: int = 0
    not_described: list[str] = field(default_factory=list)
    """Files of editions that no passport describes (yet): kept in the incoming folder, landed once one does."""
    refused: list[str] = field(default_factory=list)
    """Files that came and could not be landed, with the reason."""
    problems: list[str] = field(default_factory=list)
    """What could not be had, or cannot be believed; what is held of it stays."""
    notes: list[str] = field(default_factory=list)
    """What the server says that people should know."""
    next_release: str = ""
    """Day of the next release as the server says: ``2026``, ``2026-10`` or ``2026-10-29``."""

    @property
    def is_well(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems and not self.refused

    @property
    def advice(self) -> str:
        """What to do, in a few words; blank for nothing."""
        said = " ".join(self.problems)
        if "not of the known shape" in said:
            return "the service has changed: see `csw doctor --live`"
        if "is superseded by" in said:
            return f"new releases come elsewhere: change `remote` in flows/sources/{self.source}.yml"
        if "none of the wanted files" in said or "lists no page like" in said:
            return f"names have changed? Compare `remote` in flows/sources/{self.source}.yml with what is offered"
        if "where it had" in said or "is not listed any more" in said or said.endswith("It stays."):
            return "taken back by the publisher? Said for a week, then taken as it is; what is held stays"
        if self.problems:
            return "run again later; if it stays so, see `csw doctor --live`"
        if self.refused:
            return "see the reasons; `csw status` lists what is held back"
        return ""

    @property
    def servers(self) -> str:
        """Who was asked, shortly."""
        return ", ".join(dict.fromkeys(SERVERS.get(c, c) for c in (a.partition(":")[0] for a in self.asked)))


@dataclass
class FetchReport:
    """What a fetch did."""

    folder: Path
    """Where the files are."""
    sources: list[SourceReport] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    """Files that are new or have other bytes than at the last fetch, as paths in ``folder``."""
    bytes: int = 0
    requests: int = 0
    seconds: float = 0.0
    at: str = ""
    """When it was done (ISO, UTC)."""

    @property
    def unchanged(self) -> int:
        """Files that are as they were."""
        return sum(s.unchanged for s in self.sources)

    @property
    def failed(self) -> dict[str, str]:
        """Source → why something of it could not be had or believed; what is held of it stays."""
        return {s.source: "\n  ".join(s.problems) for s in self.sources if s.problems}

    @property
    def next_release(self) -> dict[str, str]:
        """Source → day of the next release as the server says."""
        return {s.source: s.next_release for s in self.sources if s.next_release}

    @property
    def notes(self) -> list[str]:
        """What servers said that people should know: withdrawn pages, what new versions changed."""
        return [f"{s.source}: {n}" for s in self.sources for n in s.notes]

    @property
    def not_described(self) -> int:
        """Files of editions that no passport describes."""
        return sum(len(s.not_described) for s in self.sources)

    def note_landing(self, settings: Settings, landing: LandingReport) -> None:
        """Add what became of the files when they were landed; what no passport describes is not refused."""
        from flows.publishers.described import set_aside
        from flows.sources.passport import load_passports

        set_aside(landing, load_passports(settings.passports))
        by_source = {s.source: s for s in self.sources}
        for refusal in landing.not_described:
            source = by_source.get(refusal.file.partition("/")[0])
            if source is not None:
                source.not_described.append(refusal.file)
        for refusal in landing.refused:
            source = by_source.get(refusal.file.partition("/")[0])
            if source is not None:
                source.refused.append(str(refusal))
        self.save(settings)

    def headline(self) -> str:
        """In a line."""
        size = f"{self.bytes / 1e6:.1f} MB" if self.bytes else "no file"
        return (
            f"Fetched {len(self.changed)} new or changed files, {self.unchanged} unchanged; "
            f"{size} in {self.requests} requests, {self.seconds:.1f} s."
        )

    def table(self) -> list[dict[str, str | int]]:
        """A row a source, for a table on whatever screen."""
        return [
            {
                "source": s.source,
                "asked": "; ".join(s.asked),
                "offered": s.offered,
                "wanted": s.wanted,
                "arrived": s.arrived,
                "unchanged": s.unchanged,
                "not described": len(s.not_described),
                "refused": len(s.refused),
                "failed": len(s.problems),
                "next release": s.next_release,
                "what to do": s.advice,
            }
            for s in self.sources
        ]

    def text(self) -> str:
        """One screen, for people."""
        columns = ("offered", "wanted", "arrived", "unchanged", "not described", "refused", "failed")
        rows = [
            [s.source, s.servers, *(row[c] or "·" for c in columns), row["what to do"]]
            for s, row in zip(self.sources, self.table(), strict=True)
        ]
        head = ("source", "asked", *columns, "what to do")
        lines = [self.headline(), "", text_table(head, rows, right=columns, fit=True)]
        if any(s.arrived + s.unchanged > s.wanted for s in self.sources):
            lines += ["", "A zip is one file on offer and as many as are in it here; lists made of pages come on top."]
        if self.not_described:
            lines += ["", self._not_described()]
        if self.notes:
            shown = (shorten(f"note: {n}", LONGEST_NOTE, placeholder=" …") for n in self.notes[:MOST_NOTES])
            lines += ["", *shown]
            if len(self.notes) > MOST_NOTES:
                lines.append(f"note: and {len(self.notes) - MOST_NOTES} more, in live/{LAST} of the data folder")
        return "\n".join(lines)

    def _not_described(self) -> str:
        """One line on what no passport describes, by year and the newest first."""
        from flows.publishers.described import when_of

        words = []
        for s in self.sources:
            folders = {PurePosixPath(n).parts[1] if n.count("/") > 1 else n for n in s.not_described}
            named = {when_of(f) or f for f in folders}
            if named:
                words.append(f"{s.source} {some_of(sorted(named, reverse=True))}")
        return (
            f"Not yet described: {self.not_described} files of editions that no passport knows, kept in "
            f"{self.folder}: {'; '.join(words)}. `csw new-edition PATH` drafts the entries that take one in."
        )

    def save(self, settings: Settings) -> None:
        """Keep it for whoever asks later; the last one only."""
        said = {**asdict(self), "folder": self.folder.as_posix()}
        write_atomically(settings.live / LAST, json.dumps(said, indent=1).encode())


def last_fetch(settings: Settings) -> FetchReport | None:
    """The report of the last fetch; None where there is none that can be read."""
    try:
        said = read_json(settings.live / LAST)
        sources = [SourceReport(**_known(SourceReport, s)) for s in said.get("sources", [])]
        known = _known(FetchReport, said)
        return FetchReport(**{**known, "folder": Path(said["folder"]), "sources": sources})
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _known(kind: Any, said: dict[str, Any]) -> dict[str, Any]:
    """Only the members that this version has."""
    names = {f.name for f in fields(kind)}
    return {k: v for k, v in said.items() if k in names}


def some_of(names: Iterable[str]) -> str:
    """The first few of some names, the rest counted."""
    named = list(names)
    more = f" and {len(named) - MOST_SHOWN} more" if len(named) > MOST_SHOWN else ""
    return ", ".join(named[:MOST_SHOWN]) + more
