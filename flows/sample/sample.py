"""Write a sample: every publication's files of the synthetic England, each made from one world."""

from __future__ import annotations

import csv
import hashlib
import io
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from flows.common.settings import Settings
from flows.common.synthetic import MARKER
from flows.sample.lait import lait_files
from flows.sample.layouts import Layout, load_layouts
from flows.sample.meaning import Meanings
from flows.sample.ofsted import ofsted_files
from flows.sample.places import TINY, load_places
from flows.sample.references import reference_files
from flows.sample.release import Gap, Release, Revision
from flows.sample.returns import Returns
from flows.sample.spend import add_totals, spend_files
from flows.sample.world import World, build_world
from flows.sample.writers import Row, xlsx_bytes
from flows.sources.passport import load_passports

if TYPE_CHECKING:
    pass

NOTICE = """Every figure in this folder is invented by a seeded generator (flows/sample, seed {seed}).

The places are real, and so are the shapes: file names, sheets, headers, codes and symbols are those of the publishers.
No figure, judgement or date of an inspection is. Do not cite any of it.
"""
#: The two revisions that are documented by name: Leeds' children in need of 2018, Kent's referrals of 2016.
KNOWN_REVISIONS = (
    Revision("cin", "383", 2018, 2020, -95),
    Revision("cin", "383", 2018, 2022, 35),
    Revision("referrals", "886", 2016, 2016, -120),
)
#: Never submitted, or withheld whole. The symbol is the symbol set's "not available" where none is given.
_CIN = ("referrals", "cin", "cpp", "s47", "icpc", "assessments", "initial", "core")
GAPS = (
    Gap("dfe_cin", _CIN, "852", 2021),
    Gap("dfe_cin", _CIN, "852", 2022),
    Gap("dfe_cin", ("cin",), "873", 2024, "u"),
    *(Gap("dfe_cin", ("cin",), code, 2010) for code in ("206", "336", "861", "908", "931")),
    *(Gap("dfe_cin", ("cpp", "icpc", "s47"), code, 2010) for code in ("206", "303", "356", "808", "916", "935")),
    Gap("dfe_cla", ("missing", "away"), "370", 2023),
    Gap("dfe_workforce", ("agency", "vacancy"), "925", 2016),
)


@dataclass(frozen=True)
class Sample:
    """What a sample's files were made from: the world, the figures that some edition prints otherwise, the files."""

    world: World
    revisions: tuple[Revision, ...]
    files: int


def write_sample(folder: Path, seed: int = 2024, *, settings: Settings | None = None) -> Sample:
    """Write a synthetic England in the publishers' shapes.

    Args:
        folder: where to put the files; made if absent. Files of an earlier sample are replaced.
        seed: the same seed gives the same bytes.
        settings: where seeds and passports stand; the project's own when absent.

    Returns:
        What the files were made from.

    Raises:
        FileExistsError: the folder holds files of somebody else.
    """
    if folder.exists() and not (folder / MARKER).exists() and any(folder.iterdir()):
        raise FileExistsError(f"{folder} holds files that are no sample. Give an empty or new folder.")
    settings = settings or Settings()
    seeds = settings.seeds
    world = build_world(load_places(seeds), seed)
    add_totals(world)
    meanings = Meanings(seeds)
    revisions = draw_revisions(world)
    files = department_files(world, settings, meanings, revisions)
    files += spend_files(world, seeds)
    files += lait_files(world, meanings)
    files += ofsted_files(world, seeds)
    files += reference_files(world, seeds)
    _write(folder, sorted(files), seed)
    return Sample(world, revisions, len(files))


def department_files(
    world: World, settings: Settings, meanings: Meanings, revisions: tuple[Revision, ...]
) -> list[tuple[str, bytes]]:
    """Path and bytes of the Department's csv files and workbooks of presentation sheets."""
    returns = Returns(meanings)
    releases: dict[tuple[str, str], Release] = {}
    workbooks: dict[str, list[tuple[str, list[Row]]]] = defaultdict(list)
    out = []
    for layout in load_layouts(load_passports(settings.passports)):
        source, edition = layout.passport.source, layout.edition
        if layout.table.shape == "attributes":
            out.append((layout.file, returns.attributes(layout)))
            continue
        key = (source, edition)
        if key not in releases:
            whole = source == "dfe_cla" or (source == "dfe_cla_outcomes" and edition <= "2016")
            releases[key] = Release(world, source, edition, layout.symbols, revisions, GAPS, whole)
        if layout.table.shape == "sheet":
            workbooks[layout.file].append((layout.sheet, returns.sheet(layout, releases[key])))
        else:
            out.append((layout.file, _csv(returns, layout, releases[key])))
    return out + [(file, xlsx_bytes(sheets)) for file, sheets in workbooks.items()]


def _csv(returns: Returns, layout: Layout, release: Release) -> bytes:
    return returns.wide(layout, release) if layout.table.shape == "wide" else returns.tidy(layout, release)


def draw_revisions(world: World) -> tuple[Revision, ...]:
    """Figures that an authority corrected after they were first published, and the documented ones."""
    import numpy as np

    rng = np.random.default_rng([world.seed, 1])
    out = list(KNOWN_REVISIONS)
    known = {(r.name, r.la_code, r.year) for r in out}
    for name in ("referrals", "cin", "cpp", "cla"):
        for year in range(2013, 2022):
            for code in rng.choice(world.places.codes, 5, replace=False):
                value = world.at(name, year)[world.places.row_of[str(code)]]
                if str(code) in TINY or value != value or (name, str(code), year) in known:
                    continue
                delta = round(float(value) * float(rng.uniform(0.004, 0.02))) * (1 if rng.random() < 0.5 else -1)
                if delta:
                    out.append(Revision(name, str(code), year, year + (year % 2), delta))
    # Children in need at any point are those of 31 March and those who left: they are wrong together.
    out += [Revision("cin_any", r.la_code, r.year, r.through_edition, r.delta) for r in out if r.name == "cin"]
    return tuple(out)


def _write(folder: Path, files: list[tuple[str, bytes]], seed: int) -> None:
    """Write the files, the marker and a manifest that gives every one an address that cannot be mistaken."""
    _clear(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARKER).write_text(NOTICE.format(seed=seed), encoding="utf-8")
    manifest = io.StringIO(newline="")
    writer = csv.writer(manifest, lineterminator="\n")
    writer.writerow(["file", "publisher", "bytes", "sha256", "copy_of"])
    made: set[Path] = set()
    for name, data in files:
        path = folder / name
        if path.parent not in made:
            path.parent.mkdir(parents=True, exist_ok=True)
            made.add(path.parent)
        path.write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        writer.writerow([name, "synthetic", len(data), digest, f"synthetic:seed-{seed}/{name}"])
    (folder / "MANIFEST.csv").write_text(manifest.getvalue(), encoding="utf-8")


def _clear(folder: Path) -> None:
    """Take away an earlier sample's files: those that its manifest names."""
    manifest = folder / "MANIFEST.csv"
    if manifest.exists():
        with manifest.open(newline="", encoding="utf-8") as f:
            for row in csv.DictReader(f):
                path = folder / row["file"]
                if path.resolve().is_relative_to(folder.resolve()):  # a list that somebody wrote leads nowhere else
                    path.unlink(missing_ok=True)
        manifest.unlink()
