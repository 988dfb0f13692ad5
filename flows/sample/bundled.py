"""The bundled sample in its place, and the rule that a data folder holds the sample or real returns, never both."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from flows.common.errors import CswError, RefusedFile, WrongArgument
from flows.common.files import read_json, write_atomically
from flows.common.output_folder import clear_outputs
from flows.common.settings import KEPT_IN, Settings
from flows.common.synthetic import MARKER, is_of_synthetic, is_synthetic
from flows.common.text import printable
from flows.landing.catalogue import read_catalogue
from flows.landing.delivery import MANIFEST, OF_SAMPLE, SYNTHETIC, Manifests, delivered
from flows.landing.recognise import recognise
from flows.sources.passport import load_passports

#: In the mark of a data folder.
MARK = b"Made from the bundled synthetic sample: no figure here is real.\n"


def sample_folder(settings: Settings) -> Path:
    """The synthetic returns, written when they are not there yet or the generator has changed.

    For a caller that holds the writer's lock.

    Raises:
        CswError: the data folder holds real returns.
    """
    folder = settings.data / "sample"
    stamp = folder / ".stamp"
    digest = _generator_digest(settings)
    if not stamp.exists() or stamp.read_text() != digest:
        from flows.sample.sample import write_sample

        _refuse_beside_real(settings)
        if folder.exists() and any(folder.iterdir()) and not is_synthetic(folder):
            raise CswError(
                f"{folder} holds files that are not the sample. Move them away: the sample is written there."
            )
        if not (folder / MANIFEST).exists():
            shutil.rmtree(folder, ignore_errors=True)  # not written to its end, so that nothing lists what is of it
        if is_synthetic(settings.data):
            # What was made from another sample is no earlier edition of this one.
            _empty(settings)
        write_sample(folder)
        write_atomically(stamp, digest.encode())
    return folder


def keep_apart(settings: Settings, returns: Path) -> str | None:
    """See that synthetic and real returns never meet in one data folder.

    A synthetic data folder is emptied when real returns come; real returns are never replaced by the sample. What the
    archive holds decides, whatever else was lost; people's codings are never removed. For a caller that holds the
    writer's lock.

    Args:
        settings: where things are kept.
        returns: a folder of publishers' files that is to be landed.

    Returns:
        what was done, for people; None when there was nothing to do.

    Raises:
        WrongArgument: there is no such folder; it is a part of the data folder, or the other way round; it holds files
            of the sample among others; or, where it would replace the sample, no file that a passport knows.
        CswError: the sample would be landed beside real returns, or the other way round.
    """
    _see_that_it_holds_files(returns)
    _see_that_it_is_apart(settings, returns)
    if is_of_synthetic(returns):
        _refuse_beside_real(settings)
        write_atomically(settings.data / MARKER, MARK)
        return None
    held = archived_kinds(settings)
    _refuse_parts_of_the_sample(returns, _archived_sample(settings) if SYNTHETIC_KIND in held else set())
    if held == {SYNTHETIC_KIND, REAL}:
        raise CswError(
            f"{settings.archive} holds both real and synthetic files; nothing is landed and nothing removed. "
            "Set CSW_DATA to another folder and deliver the real files there."
        )
    if REAL in held or not (SYNTHETIC_KIND in held or is_synthetic(settings.data)):
        (settings.data / MARKER).unlink(missing_ok=True)
        return None
    if not _knows_any(settings, returns):
        raise WrongArgument(
            f"{returns} holds no file that a passport knows, so it does not replace the sample in {settings.data}. "
            "Is it the right folder?"
        )
    _empty(settings)
    said = "The synthetic sample that was here has been removed: these are real returns."
    aside = _put_codings_aside(settings)
    (settings.data / MARKER).unlink(missing_ok=True)
    return f"{said} Codings of its reports are kept in {aside}." if aside else said


def mark_again(settings: Settings) -> None:
    """Give a data folder that came back from a backup the mark that its archive calls for, or take a wrong one away."""
    held = archived_kinds(settings)
    if held == {SYNTHETIC_KIND}:
        write_atomically(settings.data / MARKER, MARK)
    elif held == {REAL}:
        (settings.data / MARKER).unlink(missing_ok=True)


REAL, SYNTHETIC_KIND = "real", "synthetic"


def archived_kinds(settings: Settings) -> set[str]:
    """Which kinds of files the archive holds; one whose provenance cannot be read counts as real."""
    kinds = set()
    known = set()
    for proof in settings.archive.glob("*/*/*/provenance.json"):
        known.add(proof.parent)
        try:
            url = str(read_json(proof)["url"])
        except (OSError, ValueError, KeyError, TypeError):
            url = ""
        kinds.add(SYNTHETIC_KIND if url.startswith(SYNTHETIC) else REAL)
    # A file is in the archive once its provenance is; what a kill left without is as good as its neighbours, unless
    # there is no other: then nobody knows what it is.
    if not kinds and any(p.is_file() for p in settings.archive.rglob("*")):
        kinds.add(SYNTHETIC_KIND if is_synthetic(settings.data) else REAL)
    return kinds


def _refuse_beside_real(settings: Settings) -> None:
    landed_real = any(not x.url.startswith(SYNTHETIC) for x in read_catalogue(settings))
    if REAL in archived_kinds(settings) or landed_real:
        raise CswError(
            f"{settings.data} holds real returns; the synthetic sample is not put beside them. "
            "Give --returns DIR, or set CSW_DATA to another folder for the sample."
        )


def _see_that_it_holds_files(folder: Path) -> None:
    if not folder.is_dir():
        raise WrongArgument(f"{folder} is not a folder. Give the folder that holds the publishers' files.")
    if not any(p.is_file() and not p.name.startswith(".") for p in folder.rglob("*")):
        raise WrongArgument(f"{folder} holds no files. Put the publishers' files there, in any arrangement.")


def _see_that_it_is_apart(settings: Settings, folder: Path) -> None:
    """What is kept is no delivery: landing it would take what csw made for what was published."""
    data, there = settings.data.resolve(), folder.resolve()
    if data.is_relative_to(there):
        raise WrongArgument(f"{folder} holds the data folder ({data}). Give a folder that holds the returns alone.")
    part = there.relative_to(data).parts[0] if there.is_relative_to(data) else ""
    if part in KEPT_IN:
        raise WrongArgument(
            f"{folder} is within {data / part}, which holds what csw keeps: nothing new can be landed from it. "
            "(`csw run --archive` reads the archive again.)"
        )


def _refuse_parts_of_the_sample(folder: Path, known: set[str]) -> None:
    """Copies of the sample's files without its mark would be taken for real figures, and it would be removed for them.

    Known are its folder within another one, what its list says, and the bytes of what is archived of it.

    Args:
        folder: of returns without the mark.
        known: hashes of the sample's files.
    """
    marked = next(iter(sorted(folder.rglob(MARKER))), None)
    found = str(marked.parent.relative_to(folder)) if marked else ""
    if not found:
        said = Manifests(folder, []).rows.items()
        found = next((name for name, row in said if row.get("copy_of", "").startswith(SYNTHETIC)), "")
    if not found and known:
        with tempfile.TemporaryDirectory() as unpacked:
            delivery = delivered([folder], Path(unpacked))
        found = next((f.name for f in delivery.files if f.sha256 in known), "")
        found = found or next((r.file for r in delivery.refused if r.problem == OF_SAMPLE), "")
    if found:
        raise WrongArgument(
            f"{folder} holds files of the synthetic sample ({printable(found)}), in which no figure is real. Nothing "
            "was landed. Take them out; `csw run` without --returns lands the sample."
        )


def _archived_sample(settings: Settings) -> set[str]:
    """Hashes of the archive's files that are of the sample."""
    found = set()
    for proof in settings.archive.glob("*/*/*/provenance.json"):
        with suppress(OSError, ValueError, KeyError, TypeError):
            said = read_json(proof)
            if str(said["url"]).startswith(SYNTHETIC):
                found.add(str(said["sha256"]))
    return found


def _knows_any(settings: Settings, folder: Path) -> bool:
    """Whether a passport knows any file of a folder, also one that it would refuse."""
    passports = load_passports(settings.passports)
    for path in sorted(p for p in folder.rglob("*") if p.is_file() and not p.name.startswith(".")):
        try:
            if recognise(path.read_bytes(), path.relative_to(folder).as_posix(), passports) is not None:
                return True
        except RefusedFile:
            return True
    return False


def _empty(settings: Settings) -> None:
    """Remove what was made from the sample; the caller has seen that the archive holds nothing else."""
    for path in (settings.archive, settings.landing, settings.warehouse):
        # A link to another disk stays, and is empty. Whatever could not be removed would be taken for real: no error
        # is passed over.
        for inner in list(path.iterdir()) if path.is_symlink() and path.is_dir() else [path]:
            if inner.is_dir() and not inner.is_symlink():
                shutil.rmtree(inner)
            else:
                inner.unlink(missing_ok=True)
    for path in (settings.report, settings.export, settings.data / "analyses"):
        clear_outputs(path)


def _put_codings_aside(settings: Settings) -> Path | None:
    """People's codings of the sample's reports are no codings of real ones, and theirs to keep."""
    if not settings.coding.is_dir() or not any(settings.coding.iterdir()):
        return None
    n = 1
    while (aside := settings.data / f"coding-of-the-sample{f'-{n}' if n > 1 else ''}").exists():
        n += 1
    settings.coding.rename(aside)
    return aside


def _generator_digest(settings: Settings) -> str:
    """A hash of everything that the sample is made from."""
    h = hashlib.sha256()
    parts = [
        *(settings.root / "flows" / "sample").rglob("*.py"),
        *(settings.root / "flows" / "sample").rglob("*.csv"),
        *settings.passports.glob("*.yml"),
        *settings.seeds.glob("*.csv"),
    ]
    for path in sorted(parts):
        h.update(path.name.encode())
        h.update(path.read_bytes())
    return h.hexdigest()
