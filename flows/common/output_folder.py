"""Folders of files for people and other tools: written whole, and never at the cost of a file that is not ours.

A folder is taken when it is empty or carries our list (:data:`LIST`) of the files that we wrote into it. What is on the
list may be replaced and, when it is no longer made, removed; everything else in the folder stays, and a new file that
would take the place of such a one is refused before anything is written.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from flows.common.errors import CswError, WrongArgument
from flows.common.files import is_part, part_of, read_json, sweep, write_atomically
from flows.common.text import printable

LIST = ".csw-output.json"


def clear_outputs(folder: Path) -> None:
    """Remove what csw wrote into a folder and the folders in it, by their lists; what others put there stays.

    Raises:
        OSError: the disk refuses.
    """
    for listed in sorted(folder.rglob(LIST), key=lambda p: -len(p.parts)):
        with suppress(OSError, ValueError, KeyError, TypeError):
            ours = OutputFolder(listed.parent, str(read_json(listed)["kind"]))
            for part in ours.files:
                ours.drop(part)
        listed.unlink()
        with suppress(OSError):
            listed.parent.rmdir()  # only where it is empty


class OutputFolder:
    """A folder that a command writes.

    Args:
        folder: where it is; it need not exist.
        kind: what is written there, in a word; a folder of another kind is refused.
        earlier: of a folder without a list, made by a version that wrote none: what would be on it, by part.
    """

    def __init__(
        self, folder: Path, kind: str, earlier: Callable[[Path], Mapping[str, Iterable[str]]] = lambda _: {}
    ) -> None:
        self.folder, self.kind, self._earlier = folder, kind, earlier

    @property
    def files(self) -> dict[str, list[str]]:
        """What we wrote: part (e.g. a format) to its files, relative to the folder.

        Raises:
            WrongArgument: the list is of another kind of output or cannot be read.
        """
        try:
            said = read_json(self.folder / LIST)
            kind, parts = str(said["kind"]), {str(k): [str(f) for f in v["files"]] for k, v in said["parts"].items()}
        except FileNotFoundError:
            return {part: sorted(files) for part, files in self._earlier(self.folder).items() if files}
        except NotADirectoryError:
            raise WrongArgument(f"{self.folder} is a file. Give a folder.") from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise WrongArgument(f"{self.folder / LIST} cannot be read. Give a new or an empty folder.") from None
        if kind != self.kind:
            raise WrongArgument(f"{self.folder} holds {kind}, not {self.kind}. Give a new or an empty folder.")
        # A list that somebody wrote by hand leads nowhere else.
        return {
            part: [f for f in files if not PurePosixPath(f).is_absolute() and ".." not in PurePosixPath(f).parts]
            for part, files in parts.items()
        }

    def stamp(self, part: str = "") -> str:
        """What a part was made from, as :meth:`replacing` was told; blank where that is not known."""
        try:
            said = read_json(self.folder / LIST)
            return str(said["parts"][part]["stamp"]) if said["kind"] == self.kind else ""
        except (OSError, ValueError, KeyError, TypeError):
            return ""

    def check(self) -> None:
        """See that the folder may be written.

        Raises:
            WrongArgument: it is a file, or it holds something that is not ours.
        """
        if self.folder.is_symlink() and not self.folder.exists():
            raise WrongArgument(f"{self.folder} is a link that leads nowhere. Give a folder.")
        if self.folder.exists() and not self.folder.is_dir():
            raise WrongArgument(f"{self.folder} is a file. Give a folder.")
        if self.files or not self.folder.exists():
            return
        # Outputs of ours within it (the record of the checks in the site's folder) do not make it somebody else's.
        other = sorted(
            p.name
            for p in self.folder.iterdir()
            if p.name != LIST and not is_part(p.name) and not (p.is_dir() and (p / LIST).exists())
        )
        if other:
            raise WrongArgument(
                f"{self.folder} holds files that csw did not write ({', '.join(map(printable, other[:3]))}"
                f"{' …' if len(other) > 3 else ''}). Nothing was changed. Give a new or an empty folder."
            )

    @contextmanager
    def replacing(self, part: str = "", stamp: str = "") -> Iterator[Path]:
        """An empty folder to write a part anew; at the end of the block it takes the place of what that part was.

        Args:
            part: what is replaced; the other parts stay.
            stamp: what it is made from; see :meth:`stamp`.

        Raises:
            CswError: the folder is not ours, or the disk refuses; the old files stay.
        """
        self.check()
        # Within the folder, so that it is on the same disk.
        made = part_of(self.folder / "x", ".d")
        try:
            made.mkdir(parents=True)
            sweep(self.folder, deep=False)
            yield made
            self._place(made, part, stamp)
        except OSError as exc:
            raise CswError(
                f"{self.folder}: could not be written ({exc.strerror}). Free some space there, or give the right to "
                "write, and run again."
            ) from exc
        finally:
            shutil.rmtree(made, ignore_errors=True)
            with suppress(OSError):
                self.folder.rmdir()  # only where nothing came of it and it is empty

    def _place(self, made: Path, part: str, stamp: str) -> None:
        new = sorted(p.relative_to(made).as_posix() for p in made.rglob("*") if p.is_file())
        parts = self.files
        old = parts.pop(part, [])
        for name in new:
            self._see_that_it_is_free(name, {*old, *(f for files in parts.values() for f in files)})
        # Listed before they stand there: killed in between, they are known as ours, and of no certain stamp.
        self._write_list({**parts, part: sorted({*old, *new})}, {part: ""})
        # Pages that lead to the others last, so that they lead somewhere at any moment.
        for name in sorted(new, key=lambda n: (n.count("/") == 0, n)):
            target = self.folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(made / name, target)
        self._write_list({**parts, part: new}, {part: stamp})
        for name in set(old) - set(new) - {f for files in parts.values() for f in files}:
            self._remove(name)

    def restamp(self, part: str, stamp: str) -> None:
        """Note what a part was made from, where that is known only when it is written."""
        self._write_list(self.files, {part: stamp})

    def drop(self, part: str) -> None:
        """Remove a part and what we know of it."""
        parts = self.files
        gone = set(parts.pop(part, [])) - {f for files in parts.values() for f in files}
        for name in gone:
            self._remove(name)
        if (self.folder / LIST).exists():
            self._write_list(parts, {})

    def _see_that_it_is_free(self, name: str, ours: set[str]) -> None:
        target = self.folder / name
        for above in list(target.relative_to(self.folder).parents)[:-1]:
            if (self.folder / above).is_symlink():
                raise CswError(f"{self.folder / above} is a link. Nothing was changed. Give a folder without links.")
        if name not in ours and (target.is_symlink() or target.exists()):
            raise CswError(
                f"{target} was not written by csw and is where {self.kind} would be written. Nothing was changed. "
                "Move it away, or give another folder."
            )

    def _write_list(self, parts: dict[str, list[str]], stamps: dict[str, str]) -> None:
        said = {
            "kind": self.kind,
            "what": "Files that csw wrote; it replaces and removes these and no others.",
            "parts": {p: {"stamp": stamps.get(p, self.stamp(p)), "files": f} for p, f in parts.items()},
        }
        write_atomically(self.folder / LIST, json.dumps(said, indent=0, ensure_ascii=False).encode())

    def _remove(self, name: str) -> None:
        path = self.folder / name
        above = [self.folder / p for p in list(PurePosixPath(name).parents)[:-1]]
        if any(p.is_symlink() for p in (path, *above)):
            return  # put there by somebody else, and what it leads to is theirs
        path.unlink(missing_ok=True)
        for folder in path.parents:
            if folder == self.folder or not folder.is_dir() or any(folder.iterdir()):
                return
            folder.rmdir()
