"""The bundled sample in its place, and the rule that a data folder holds the sample or real returns, never both."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from flows.common.errors import CswError
from flows.common.files import write_atomically
from flows.common.settings import Settings
from flows.common.synthetic import MARKER, is_synthetic


def sample_folder(settings: Settings) -> Path:
    """The synthetic returns, written when they are not there yet or the generator has changed."""
    folder = settings.data / "sample"
    stamp = folder / ".stamp"
    digest = _generator_digest(settings)
    if not stamp.exists() or stamp.read_text() != digest:
        from flows.sample import write_sample

        shutil.rmtree(folder, ignore_errors=True)
        if is_synthetic(settings.data):
            # What was made from another sample is no earlier edition of this one.
            _empty(settings)
        write_sample(folder)
        write_atomically(stamp, digest.encode())
    return folder


def keep_apart(settings: Settings, returns: Path) -> str | None:
    """See that synthetic and real returns never meet in one data folder.

    A synthetic data folder is emptied when real returns come; real returns are never replaced by the sample.

    Returns:
        what was done, for people; None when there was nothing to do.

    Raises:
        CswError: the sample would be landed beside real returns.
    """
    holds_something = (settings.landing / "catalogue.csv").exists()
    if is_synthetic(returns):
        if holds_something and not is_synthetic(settings.data):
            raise CswError(
                f"{settings.data} holds real returns; the synthetic sample is not put beside them. "
                "Give --returns DIR, or set CSW_DATA to another folder for the sample."
            )
        write_atomically(settings.data / MARKER, b"Made from the bundled synthetic sample: no figure here is real.\n")
        return None
    if is_synthetic(settings.data):
        _empty(settings)
        (settings.data / MARKER).unlink()
        return "The synthetic sample that was here has been removed: these are real returns."
    return None


def _empty(settings: Settings) -> None:
    made = (settings.archive, settings.landing, settings.warehouse, settings.report, settings.coding)
    for path in (*made, settings.data / "export", settings.data / "analyses"):
        shutil.rmtree(path, ignore_errors=True)


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
