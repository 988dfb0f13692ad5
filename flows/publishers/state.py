"""What is remembered of the servers between fetches: one JSON file, written atomically, believed only where it fits.

Nothing that a server said is kept unless it is of the kind that it should be; an entry that does not fit (of an earlier
version, or damaged) is dropped, and what it was about is asked for again.
"""

from __future__ import annotations

import json
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from flows.common.errors import CswError
from flows.common.files import read_json, write_atomically
from flows.publishers.days import is_partial_date
from flows.publishers.wire import kept_date, kept_etag

M = TypeVar("M", bound=BaseModel)


def _moment(text: str) -> str:
    if text and datetime.fromisoformat(text).tzinfo is None:
        raise ValueError("is of no time zone")
    return text


def _is_moment(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(_moment(value))
    except ValueError:
        return False


def _same(keep: Any) -> Any:
    def check(text: str) -> str:
        if text and keep(text) != text:
            raise ValueError("is none")
        return text

    return check


def _partial(text: str) -> str:
    if text and not is_partial_date(text):
        raise ValueError("is no date")
    return text


Etag = Annotated[str, AfterValidator(_same(kept_etag))]
HttpDate = Annotated[str, AfterValidator(_same(kept_date))]
Moment = Annotated[str, AfterValidator(_moment)]
PartialDate = Annotated[str, AfterValidator(_partial)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="ignore")


class FileEntry(_Entry):
    """A file that is held: of which source it was asked for, and what its server said of it."""

    files: list[str]
    """Paths in the incoming folder."""
    sha256: str = ""
    bytes: int = 0
    etag: Etag = ""
    last_modified: HttpDate = ""
    url: str = ""
    """Where the address led."""
    published_on: PartialDate = ""
    asked: Moment = ""
    batch: str = ""
    fewer_since: Moment = ""
    """Since when what would be made now has fewer rows."""


class PageEntry(_Entry):
    """A page or JSON answer that is kept."""

    etag: Etag = ""
    last_modified: HttpDate = ""


class SourceEntry(_Entry):
    """A source, when it was last asked."""

    asked: Moment = ""
    next_release: PartialDate = ""
    failed: str = ""
    """Blank when it went well."""
    failing_since: Moment = ""
    """Since when it fails in the same way."""


class OfferEntry(_Entry):
    """How much of a release or page was taken when it was last asked."""

    wanted: Annotated[int, Field(ge=0)]
    names: list[str] = Field(default_factory=list)
    """What was on offer there, of what is wanted."""
    fewer_since: Moment = ""
    """Since when the server offers less than that."""


class DataSetEntry(_Entry):
    """A data set of the public API of EES, and the version of which was told."""

    file: str
    version: str = Field(pattern=r"^(\d{1,6}(\.\d{1,6}){1,2})?$")


class State:
    """`state.json`.

    ``synthetic``: whether the servers say that their figures are invented. ``files``: source and address → file.
    ``pages``: address → page. ``sources``: source → when it was asked and how that went. ``batches``: states of
    releases that are held whole. ``offers``: source and place → how much was taken. ``data_sets``: source → data set
    of the public API → of which version was told. ``missing``: source and address → since when what was never had
    cannot be had.
    """

    #: Seconds between savings while files come in.
    EVERY = 5.0

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            said = read_json(path)
        except (FileNotFoundError, ValueError):
            # Unreadable: everything is asked again, nothing is lost.
            said = {}
        said = said if isinstance(said, dict) else {}
        self.files = _fitting(FileEntry, said.get("files"))
        self.pages = _fitting(PageEntry, said.get("pages"))
        self.sources = _fitting(SourceEntry, said.get("sources"))
        self.offers = _fitting(OfferEntry, said.get("offers"))
        batches = said.get("batches")
        self.batches: dict[str, str] = {
            k: v for k, v in (batches.items() if isinstance(batches, dict) else ()) if isinstance(v, str)
        }
        told = said.get("data_sets")
        self.data_sets: dict[str, dict[str, dict[str, str]]] = {
            s: {i: e.model_dump() for i, e in _fitting(DataSetEntry, d).items()}
            for s, d in (told.items() if isinstance(told, dict) else ())
        }
        missing = said.get("missing")
        self.missing: dict[str, str] = {
            k: v for k, v in (missing.items() if isinstance(missing, dict) else ()) if _is_moment(v)
        }
        synthetic = said.get("synthetic")
        self.synthetic: bool | None = synthetic if isinstance(synthetic, bool) else None
        self._lock = threading.Lock()
        self._saved = time.monotonic()

    def save(self) -> None:
        """Write it down."""
        with self._lock:
            # Copied first: other sources go on being fetched meanwhile.
            said = {
                "synthetic": self.synthetic,
                "files": {k: v.model_dump() for k, v in dict(self.files).items()},
                "pages": {k: v.model_dump() for k, v in dict(self.pages).items()},
                "sources": {k: v.model_dump() for k, v in dict(self.sources).items()},
                "offers": {k: v.model_dump() for k, v in dict(self.offers).items()},
                "batches": dict(self.batches),
                "data_sets": dict(self.data_sets),
                "missing": dict(self.missing),
            }
            write_atomically(self.path, json.dumps(said, indent=1, sort_keys=True).encode())
            self._saved = time.monotonic()

    def save_now_and_then(self) -> None:
        """Write it down if that was some seconds ago: a killed fetch then loses little."""
        if time.monotonic() - self._saved > self.EVERY:
            self.save()

    # --- files -----------------------------------------------------------------------------------------------------

    def file(self, source: str, url: str) -> FileEntry | None:
        """What is held of an address for a source."""
        return self.files.get(f"{source} {url}")

    def hold(self, source: str, url: str, entry: FileEntry) -> None:
        """Remember a file."""
        self.files[f"{source} {url}"] = entry
        self.missing.pop(f"{source} {url}", None)

    def missing_since(self, source: str, url: str) -> datetime:
        """Since when a file that was never had cannot be had: from now on, where that is new."""
        return datetime.fromisoformat(self.missing.setdefault(f"{source} {url}", self.now()))

    def of_source(self, source: str) -> list[FileEntry]:
        """Everything held of a source."""
        return [e for k, e in list(self.files.items()) if k.startswith(f"{source} ")]

    def of_batch(self, batch: str) -> list[str]:
        """Files of one state of a release."""
        return [f for entry in list(self.files.values()) if entry.batch == batch for f in entry.files]

    def is_complete(self, batch: str) -> bool:
        """Whether all of it was once held."""
        return batch in self.batches

    def complete(self, batch: str) -> None:
        """All of it is held."""
        self.batches.setdefault(batch, self.now())

    # --- what was said ---------------------------------------------------------------------------------------------

    def asked(self, source: str, next_release: str, failed: str) -> None:
        """A source was asked just now; a server that is silent about its next release is believed to mean the last."""
        known = self.sources.get(source, SourceEntry())
        is_old = failed and failed == known.failed
        self.sources[source] = SourceEntry(
            asked=self.now(),
            next_release=next_release or (known.next_release if failed else ""),
            failed=failed,
            failing_since=(known.failing_since if is_old else self.now()) if failed else "",
        )

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

    def validators_of_page(self, url: str) -> dict[str, str]:
        """Headers that ask for a page only if it has changed."""
        known = self.pages.get(url)
        return validators(known.etag, known.last_modified) if known else {}

    def saw_page(self, url: str, etag: str, last_modified: str) -> None:
        """Remember how to ask for a page again."""
        self.pages[url] = PageEntry(etag=etag, last_modified=last_modified)

    @staticmethod
    def now() -> str:
        """The time, in UTC."""
        return datetime.now(UTC).replace(microsecond=0).isoformat()


def validators(etag: str, last_modified: str) -> dict[str, str]:
    """Headers that ask for something only if it has changed.

    Where there is an ETag it alone: the day is that of a publication's version, which other bytes can have too.
    """
    if etag:
        return {"If-None-Match": etag}
    return {"If-Modified-Since": last_modified} if last_modified else {}


def _fitting(model: type[M], said: Any) -> dict[str, M]:
    """The entries that fit."""
    found: dict[str, M] = {}
    for key, value in said.items() if isinstance(said, dict) else ():
        try:
            found[key] = model.model_validate(value)
        except ValidationError:
            continue
    return found
