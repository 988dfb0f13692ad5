"""Write a sample: every publication's files of the synthetic England, and the truth beside them."""

from __future__ import annotations

import csv
import hashlib
import io
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

from flows.bundled import MARKER
from flows.passports import load_passports
from flows.sample.effects import PLANTED
from flows.sample.lait import lait_files
from flows.sample.layouts import Layout, load_layouts
from flows.sample.meaning import Meanings
from flows.sample.ofsted import ofsted_files
from flows.sample.places import FIRST_YEAR, TINY, load_places
from flows.sample.quantities import MEASURES
from flows.sample.references import reference_files
from flows.sample.release import Gap, Release, Revision
from flows.sample.returns import Returns
from flows.sample.spend import add_totals, spend_files
from flows.sample.truth import FirstInspection, RevisedCell, SampleTruth
from flows.sample.world import World, build_world
from flows.sample.writers import Row, xlsx_bytes
from flows.settings import Settings

if TYPE_CHECKING:
    import numpy as np

NOTICE = """Every figure in this folder is invented by a seeded generator (flows/sample, seed {seed}).

The places are real, and so are the shapes: file names, sheets, headers, codes and symbols are those of the publishers.
No figure, judgement or date of an inspection is. Do not cite any of it.
"""
#: Measures whose true values the truth states.
_STATED = (
    "population_0_17",
    "referrals_count",
    "cin_at_31_march_count",
    "cpp_at_31_march_count",
    "cla_at_31_march_count",
    "agency_rate_pct",
    "assessments_within_45_days_pct",
)
#: The two revisions that are documented by name: Leeds' children in need of 2018, Kent's referrals of 2016.
_KNOWN_REVISIONS = (
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


def write_sample(folder: Path, seed: int = 2024, *, settings: Settings | None = None) -> SampleTruth:
    """Write a synthetic England in the publishers' shapes.

    Args:
        folder: where to put the files; made if absent. Files of an earlier sample are replaced.
        seed: the same seed gives the same bytes.
        settings: where seeds and passports stand; the project's own when absent.

    Returns:
        What was planted. It is also written beside the folder, as ``<folder>.truth.json``.
    """
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
    truth = tell_truth(world, revisions, len(files))
    folder.with_name(folder.name + ".truth.json").write_text(truth.to_json(), encoding="utf-8")
    return truth


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
    out = list(_KNOWN_REVISIONS)
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


def tell_truth(world: World, revisions: tuple[Revision, ...], files: int) -> SampleTruth:
    """What the sample's tests may rely on."""
    import numpy as np

    first = world.first_sif
    codes = [c for c in world.places.codes if c in first]
    score = np.array([world.deprivation[c] for c in codes])
    grade = np.array([first[c].overall for c in codes], dtype=float)
    revised = (
        _revised(world, "cin_at_31_march_count", "383", 2018, ("2020", "2022", "2024")),
        _revised(world, "referrals_count", "886", 2016, ("2016", "2022", "2024")),
    )
    values: dict[str, dict[str, dict[str, float]]] = {}
    england: dict[str, dict[str, float]] = {}
    for measure in _STATED:
        q = MEASURES[measure]
        for year in range(2010, 2025):
            column = world.numbers[q.numerator][:, year - FIRST_YEAR]
            if q.denominator and not q.is_average:
                with np.errstate(invalid="ignore", divide="ignore"):
                    column = q.per * column / world.numbers[q.denominator][:, year - FIRST_YEAR]
            by_code = {c: round(float(v), 4) for c, v in zip(world.places.codes, column, strict=True) if v == v}
            values.setdefault(measure, {})[str(year)] = by_code
            if not q.denominator:
                england.setdefault(measure, {})[str(year)] = float(np.nansum(column))
    return SampleTruth(
        world.seed,
        PLANTED,
        tuple(FirstInspection.of(first[c]) for c in codes),
        revised,
        len(revisions),
        round(_spearman(score, grade), 4),
        values,
        england,
        tuple((g.source, g.la_code, g.year) for g in GAPS),
        files,
    )


def _revised(world: World, measure: str, code: str, year: int, editions: tuple[str, ...]) -> RevisedCell:
    """What each edition prints of a figure that is documented as revised."""
    name = MEASURES[measure].numerator
    true = int(world.at(name, year)[world.places.row_of[code]])
    mine = [r for r in _KNOWN_REVISIONS if (r.name, r.la_code, r.year) == (name, code, year)]
    return RevisedCell(
        code, year, measure, {e: true + sum(r.delta for r in mine if int(e) <= r.through_edition) for e in editions}
    )


def _spearman(a: np.ndarray, b: np.ndarray) -> float:
    """Rank correlation, ties by their average."""
    import numpy as np

    def ranks(x: np.ndarray) -> np.ndarray:
        order = np.argsort(x, kind="stable")
        out = np.empty(len(x))
        out[order] = np.arange(len(x))
        for value in np.unique(x):
            out[x == value] = out[x == value].mean()
        return out

    return float(np.corrcoef(ranks(a), ranks(b))[0, 1])


def _write(folder: Path, files: list[tuple[str, bytes]], seed: int) -> None:
    """Write the files, the marker and a manifest that gives every one an address that cannot be mistaken."""
    if folder.exists():
        if not (folder / MARKER).exists() and any(folder.iterdir()):
            raise FileExistsError(f"{folder} holds files that are no sample. Give an empty or new folder.")
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
                (folder / row["file"]).unlink(missing_ok=True)
        manifest.unlink()
