"""What is remembered of the servers between fetches: one JSON file, written atomically."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flows.common.errors import CswError
from flows.common.files import write_atomically


class State:
    """``state.json``: per address what was last answered, per source what is next and when it was asked.

    ``synthetic``: whether the servers say that their figures are invented. ``files``: address → etag, last_modified,
    sha256, files (paths in the incoming folder), url (where it led), published_on, asked, batch. ``pages``: address →
    etag, last_modified. ``sources``: source → next_release, asked, failed (blank when it went well), failing_since (in
    the same way). ``batches``: states of releases and pages that are held whole. ``data_sets``: source → data set of
    the public API of EES → file and version of which was told.
    """

    #: Seconds between savings while files come in.
    EVERY = 5.0

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            said = json.loads(path.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            # Unreadable: everything is asked again, nothing is lost.
            said = {}
        self.files: dict[str, dict[str, Any]] = said.get("files", {})
        self.pages: dict[str, dict[str, str]] = said.get("pages", {})
        self.sources: dict[str, dict[str, str]] = said.get("sources", {})
        self.batches: dict[str, str] = said.get("batches", {})
        self.data_sets: dict[str, dict[str, dict[str, str]]] = said.get("data_sets", {})
        self.synthetic: bool | None = said.get("synthetic")
        self._lock = threading.Lock()
        self._saved = time.monotonic()

    def save(self) -> None:
        """Write it down."""
        with self._lock:
            # Copied first: other sources go on being fetched meanwhile.
            said = {
                "synthetic": self.synthetic,
                "files": dict(self.files),
                "pages": dict(self.pages),
                "sources": dict(self.sources),
                "batches": dict(self.batches),
                "data_sets": dict(self.data_sets),
            }
            write_atomically(self.path, json.dumps(said, indent=1, sort_keys=True).encode())
            self._saved = time.monotonic()

    def save_now_and_then(self) -> None:
        """Write it down if that was some seconds ago: a killed fetch then loses little."""
        if time.monotonic() - self._saved > self.EVERY:
            self.save()

    def of_batch(self, batch: str) -> list[str]:
        """Files of one state of a release or page."""
        return [f for entry in list(self.files.values()) if entry.get("batch") == batch for f in entry["files"]]

    def is_complete(self, batch: str) -> bool:
        """Whether all of it was once held."""
        return batch in self.batches

    def complete(self, batch: str) -> None:
        """All of it is held."""
        self.batches.setdefault(batch, self.now())

    def asked(self, source: str, next_release: str, failed: str) -> None:
        """A source was asked just now; a server that is silent about its next release is believed to mean the last."""
        known = self.sources.get(source, {})
        is_old = failed and failed == known.get("failed")
        self.sources[source] = {
            "asked": self.now(),
            "next_release": next_release or (known.get("next_release", "") if failed else ""),
            "failed": failed,
            "failing_since": (known.get("failing_since", "") if is_old else self.now()) if failed else "",
        }

    def saw_server(self, synthetic: bool) -> None:
        """A server answered; a server that is played says so, if its figures are invented.

        Raises:
            CswError: what was fetched before is of the other kind.
        """
        if self.synthetic is None or not self.files:
            self.synthetic = synthetic
        if self.synthetic != synthetic:
            kinds = ("real", "synthetic") if synthetic else ("synthetic", "real")
            raise CswError(
                f"what was fetched before is {kinds[0]} and this server's figures are {kinds[1]}: they are not put "
                f"together. Set CSW_DATA to another folder, or remove {self.path.parent} and incoming beside it."
            )

    def validators(self, url: str) -> dict[str, str]:
        """Headers that ask for something only if it has changed."""
        known = self.files.get(url) or self.pages.get(url) or {}
        named = {"If-None-Match": known.get("etag", ""), "If-Modified-Since": known.get("last_modified", "")}
        return {k: v for k, v in named.items() if v}

    def saw_page(self, url: str, headers: Mapping[str, str]) -> None:
        """Remember how to ask for a page again."""
        self.pages[url] = {"etag": headers.get("etag", ""), "last_modified": headers.get("last-modified", "")}

    @staticmethod
    def now() -> str:
        """The time, in UTC."""
        return datetime.now(UTC).replace(microsecond=0).isoformat()
