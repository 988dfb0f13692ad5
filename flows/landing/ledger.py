"""What landing remembers between runs: what became of every file seen, and what the lists looked like when written.

``landing/ledger.json`` is written after everything else. Without it, or where it does not fit what is beside it,
the landing is made anew from the archive.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

from flows.common.files import read_json, sha256_of, write_atomically
from flows.common.settings import Settings
from flows.landing.catalogue import FILES, HELD
from flows.sources.passport import passports_digest

#: Modules of this room by which no file is read.
_NOT_READING = frozenset(
    {
        "archive.py",
        "comparison.py",
        "draft.py",
        "edition_sheet.py",
        "entries.py",
        "ledger.py",
        "new_edition.py",
        "passport_entries.py",
        "quarantine.py",
        "seed_entries.py",
        "verify.py",
        "withdrawn.py",
    }
)
#: Libraries that read workbooks and parquet: another version may read a cell in another way.
_READERS = ("pyarrow", "python-calamine")


def reading_digest(settings: Settings) -> str:
    """A hash of everything that decides what a file is read as: passports, seeds, the code that reads.

    Where it changes, the whole archive is read again.
    """
    digest = hashlib.sha256(passports_digest(settings.passports).encode())
    code = [p for p in Path(__file__).parent.glob("*.py") if p.name not in _NOT_READING]
    about = [Path(__file__).parents[1] / name for name in ("sources/passport.py", "common/files.py")]
    for path in sorted([*code, *about, *settings.seeds.glob("*.csv")]):
        digest.update(f"\n{path.name}\n".encode())
        digest.update(path.read_bytes())
    for name in _READERS:
        digest.update(f"\n{name} {metadata.version(name)}".encode())
    return digest.hexdigest()


@dataclass
class Ledger:
    """See the module.

    ``files``: sha256 → what became of the file; ``seen``: path → size and times when it was last found whole;
    ``delivered``: path of a delivered file → see :class:`flows.landing.delivery.Hashes`.
    """

    digest: str = ""
    files: dict[str, str] = field(default_factory=dict)
    lists: str = ""
    seen: dict[str, list[int]] = field(default_factory=dict)
    delivered: dict[str, list[int | str]] = field(default_factory=dict)

    @classmethod
    def read(cls, settings: Settings) -> tuple[Ledger, str]:
        """The ledger, and why it is of no use (blank where it is)."""
        path = settings.landing / "ledger.json"
        if not path.exists():
            return cls(), "" if not (settings.landing / "catalogue.csv").exists() else "ledger.json is not there"
        try:
            said = read_json(path)
            if not isinstance(said, dict):
                raise ValueError
            files = {str(k): str(v) for k, v in said["files"].items()}
            seen = {str(k): [int(x) for x in v] for k, v in said.get("seen", {}).items()}
            delivered = {str(k): list(v) for k, v in said.get("delivered", {}).items()}
            found = cls(str(said["digest"]), files, str(said.get("lists", "")), seen, delivered)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return cls(), "ledger.json cannot be read"
        if found.lists and found.lists != lists_digest(settings):
            return cls(), "the lists of what is landed are not as they were written"
        return found, ""

    def write(self, settings: Settings) -> None:
        """Write it, with what the lists look like now.

        Raises:
            CswError: the disk refuses.
        """
        self.lists = lists_digest(settings)
        here = {k: v for k, v in self.seen.items() if (settings.data / k).exists()}
        state = {
            "digest": self.digest,
            "lists": self.lists,
            "files": self.files,
            "seen": here,
            "delivered": self.delivered,
        }
        path, data = settings.landing / "ledger.json", json.dumps(state, separators=(",\n", ":")).encode()
        if not path.exists() or path.read_bytes() != data:
            write_atomically(path, data)

    def is_whole(self, settings: Settings, path: Path, sha256: str) -> bool:
        """Whether a file has the bytes it had. One that nobody wrote to since it was last found whole is not read."""
        name = path.relative_to(settings.data).as_posix()
        try:
            if self.seen.get(name) == _state(path):
                return True
            is_whole = sha256_of(path.read_bytes()) == sha256
        except OSError:
            is_whole = False
        if is_whole:
            self.saw(settings, path)
        else:
            self.seen.pop(name, None)
        return is_whole

    def saw(self, settings: Settings, path: Path) -> None:
        """Remember that a file is whole as it stands now."""
        self.seen[path.relative_to(settings.data).as_posix()] = _state(path)


def _state(path: Path) -> list[int]:
    about = path.stat()
    return [about.st_size, about.st_mtime_ns, about.st_ctime_ns]


def lists_digest(settings: Settings) -> str:
    """A hash of the lists of what is landed and of what is held back."""
    digest = hashlib.sha256()
    for folder in (settings.landing, settings.landing / HELD):
        for name in FILES:
            path = folder / name
            digest.update(f"\n{name} {path.exists()}\n".encode())
            if path.is_file():
                digest.update(path.read_bytes())
    return digest.hexdigest()
