"""Which publication, table and edition a file is, told by its passport and never by where it lies."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import PurePath

from flows.common.errors import RefusedFile
from flows.landing.file_names import (
    is_litter,
    matches_any,
    patterns_of_any_year,
    published_name,
    spellings_of,
    tables_named,
)
from flows.landing.fits import Fit, fits_of, is_certain, is_named, is_sheet, lacking_value
from flows.landing.grids import (
    UTF_16,
    ForeignFile,
    Grid,
    OtherKind,
    decode,
    kind_of,
    parquet_rows,
    read_csv_rows,
    read_grids,
)
from flows.landing.misfits import missing_column, missing_value
from flows.sources.passport import Passport


@dataclass(frozen=True)
class Recognised:
    """What a file is: tables to land (and such as are refused), documentation to keep, or neither, with the reason."""

    source: str
    fits: list[Fit] = field(default_factory=list)
    is_document: bool = False
    remark: str = ""
    """Why it is only listed: not a publisher's, or a publication's table that no passport describes."""
    refused: list[RefusedFile] = field(default_factory=list)
    """Tables of the file that are refused; the others land."""
    is_by_content: bool = False
    """Whether the file's name is not the table's, so that its content alone says what it is."""


def recognise(data: bytes, path: str, passports: Iterable[Passport]) -> Recognised | None:
    """What the file is; None when no passport knows it.

    A file's name is a hint. It decides where it is the publisher's (:func:`published_name` takes off what people's
    tools put on); under any other name a file is what its content says, where that is one thing only.

    Args:
        data: the bytes.
        path: where it lies; only its last part is used.
        passports: all of them.

    Raises:
        RefusedFile: a passport knows it and it is not as it should be, or several passports fit equally.
    """
    name = published_name(PurePath(path).name)
    passports = list(passports)
    if is_litter(PurePath(path).name):
        return Recognised("", remark="not a publisher's file: what a program leaves lying about")
    if name.casefold().endswith(".meta.csv") and data.lstrip(b"\xef\xbb\xbf").startswith(b"col_name,"):
        return Recognised("", remark="not a table of figures: the description of one (metadata)")
    document = _document(name, passports)
    if document is not None and next(p for p in passports if p.source == document.source).documents_are_read:
        return document
    try:
        kind = kind_of(data, path)
    except ForeignFile as exc:
        if tables_named(name, passports) or document is not None:
            raise
        problem = exc.problem.rstrip(".")
        if isinstance(exc, OtherKind):
            return Recognised("", remark=f"not read: {problem} ({exc.advice.rstrip('.')})")
        return Recognised("", remark=f"not a publisher's file: {problem}")
    if document is not None and (kind == "pdf" or not tables_named(name, passports)):
        return document
    if kind == "pdf":
        return _described_nowhere(name, passports)
    if kind == "zip":
        return Recognised("", remark="not a publisher's file: a document, or a zip in zips (unpack it)")
    if kind == "sheet":
        return _recognise_workbook(data, path, name, passports)
    return _recognise_text(data, path, name, passports, kind)


def _recognise_text(data: bytes, path: str, name: str, passports: list[Passport], kind: str) -> Recognised | None:
    """A csv or parquet file: one table."""
    failure = None
    if kind == "parquet":
        grid = _parquet_header(data, path)
        fits = fits_of(grid, passports, sheet=False)
        if not any("parquet" in (f.table.file or "") for f in fits):
            # A table that is published as text and was saved as parquet: it is small, and read like any other.
            grid = Grid("", parquet_rows(data, path))
    else:
        try:
            text = decode(data, path, "utf-8")
        except RefusedFile as exc:
            if data.startswith(UTF_16) and tables_named(name, passports):
                raise
            text, failure = data.decode("cp1252", errors="replace"), exc
        try:
            grid = Grid("", read_csv_rows(text, path))
        except RefusedFile:
            if tables_named(name, passports):
                raise
            return Recognised("", remark="not a publisher's file: text, and no table")
    fit = _choose(fits_of(grid, passports, sheet=False), name, path, passports, grid)
    if failure is not None and (fit is None or isinstance(fit, Recognised)):
        # Text in another encoding that nothing knows: whether it is whole does not matter.
        return fit
    if isinstance(fit, Recognised) or fit is None:
        return fit
    said = {e for _, t, e in tables_named(name, passports) if t is fit.table and e is not None}
    if fit.edition is None and len(said) == 1:
        # Several editions that run to one year (a compilation every month) are told by the file's name.
        fit = replace(fit, edition=said.pop())
    if failure is not None:
        encoding = fit.reading.encoding or fit.table.encoding
        if encoding == "utf-8":
            raise failure
        fit = replace(fit, grid=Grid("", read_csv_rows(decode(data, path, encoding), path)))
    named = tables_named(name, passports)
    return Recognised(fit.passport.source, [fit], is_by_content=not is_named(fit, named))


def is_document_name(name: str, passports: Iterable[Passport]) -> bool:
    """Whether a file's name is one of documentation, which no figure depends on."""
    return _document(PurePath(name).name, list(passports)) is not None


def _document(name: str, passports: list[Passport]) -> Recognised | None:
    for p in passports:
        if any(matches_any(d, spellings_of(name)) for d in p.documents):
            return Recognised(p.source, is_document=True)
    return None


def _parquet_header(data: bytes, path: str) -> Grid:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        schema = pq.read_schema(pa.BufferReader(data))
    except (pa.ArrowInvalid, OSError) as exc:
        raise RefusedFile(path, f"the parquet file is not whole ({exc}).", advice="Download it again.") from exc
    return Grid("parquet", [list(schema.names)])


def _described_nowhere(name: str, passports: Iterable[Passport]) -> Recognised | None:
    """A file that is a known publication's by its name, and that no passport describes."""
    names = spellings_of(name)
    for p in passports:
        if any(matches_any(pattern, names) for pattern in patterns_of_any_year(p)):
            return Recognised(p.source, remark=_edition_not_described(p.source))
        if any(matches_any(pattern, names) for pattern in p.other_files):
            return Recognised(p.source, remark=f"known publication ({p.source}), table not described")
    return None


def _edition_not_described(source: str) -> str:
    return f"known publication ({source}), edition not described: `csw new-edition` drafts what takes it in"


def _choose(fits: list[Fit], name: str, path: str, passports: list[Passport], grid: Grid) -> Fit | Recognised | None:
    """The one fit; that a table is not described; or None when nothing knows the file.

    Raises:
        RefusedFile: known by name and not as it should be; a year under another year's name; or ambiguous.
    """
    named = tables_named(name, passports)
    if not fits:
        if named:
            raise missing_column(named, grid, path)
        return _described_nowhere(name, passports)
    by_name = [f for f in fits if is_named(f, named)]
    if by_name:
        whole = [f for f in by_name if lacking_value(f) is None]
        if not whole:
            raise missing_value(by_name[0], path)
        return _heaviest(whole, path, "its name")
    for f in fits:
        other = [e for _, t, e in named if t is f.table and e is not None and e != f.edition]
        if other and f.edition is not None:
            raise RefusedFile(
                path,
                f"its name says {f.passport.source} {f.table.table} edition {other[0]}, "
                f"but its header is that of edition {f.edition}.",
                column=next(iter(f.reading.header), None),
                advice="Put the right file under this name, or the right name on this file.",
            )
    certain = [f for f in fits if lacking_value(f) is None and is_certain(f)]
    if named:
        # A name that another publication's table once had says nothing where the content is certain; within one
        # publication it is a table that changed, and what it is like now may be its sister.
        sources = {p.source for p, _, _ in named}
        if not (certain := [f for f in certain if f.passport.source not in sources]):
            raise missing_column(named, grid, path)
    if certain:
        return _heaviest(certain, path, "its content")
    like = sorted({f.passport.source for f in fits})
    if len(like) > 1:
        return _described_nowhere(name, passports)
    return Recognised(like[0], remark=f"known publication ({like[0]}), table not described")


def _heaviest(fits: list[Fit], path: str, by: str) -> Fit:
    """The fit of which the passport asked for most.

    Raises:
        RefusedFile: several fit equally.
    """
    heaviest = max(f.weight for f in fits)
    fits = [f for f in fits if f.weight == heaviest]
    if len(fits) > 1:
        places = ", ".join(sorted({f"{f.passport.source} {f.table.table} {f.edition or ''}".strip() for f in fits}))
        raise RefusedFile(
            path,
            f"ambiguous: by {by} it fits {places}.",
            advice="Their passports must say what tells them apart (header, contains, title).",
        )
    return fits[0]


def _recognise_workbook(data: bytes, path: str, name: str, passports: list[Passport]) -> Recognised | None:
    patterns = [s for p in passports for t in p.tables for s in (t.sheet, *(r.sheet for r in t.editions.values())) if s]
    named = tables_named(name, passports)
    # A table that is published as a csv may have been saved as a workbook: then its sheet is called anything.
    plain = [(p, t, e) for p, t, e in named if not is_sheet(t)]
    grids = read_grids(
        data, path, wanted=lambda s: bool(plain) or any(re.search(x, s, re.IGNORECASE) for x in patterns)
    )
    fits = [f for g in grids for f in fits_of(g, passports, sheet=True)]
    if not fits and plain:
        for g in grids:
            fit = _choose(fits_of(g, passports, sheet=False), name, path, passports, g)
            if isinstance(fit, Fit):
                return Recognised(fit.passport.source, [fit])
    if not fits and not named and (found := _plain_tables(data, path, passports)):
        return found
    if not fits:
        if named:
            p, t, e = named[0]
            raise RefusedFile(
                path,
                f"named like {p.source} {t.table} {e or ''} but no sheet reads as it "
                f"(sheets: {', '.join(g.name for g in grids) or 'none of the expected names'}).",
                advice=f"Compare the sheet's name and header with flows/sources/{p.source}.yml.",
            )
        return _described_nowhere(name, passports)
    by_name = [f for f in fits if is_named(f, named)]
    if named and not by_name:
        says = ", ".join(sorted({f"{f.passport.source} {f.table.table} {f.edition}" for f in fits}))
        p, t, e = named[0]
        raise RefusedFile(
            path,
            f"its name says {p.source} {t.table} edition {e}, but its sheets are those of {says}.",
            advice="Put the right file under this name, or the right name on this file.",
        )
    if not by_name:
        certain = [f for f in fits if is_certain(f)]
        if not certain:
            sources = sorted({f.passport.source for f in fits})
            if len(sources) > 1:
                return _described_nowhere(name, passports)
            return Recognised(
                sources[0],
                remark=_edition_not_described(sources[0]),
            )
        fits = certain
    fits = by_name or fits
    editions = {(f.passport.source, f.edition) for f in fits}
    if len(editions) > 1:
        # The edition that explains most of the workbook; ties are not guessed.
        score = {k: sum(f.weight for f in fits if (f.passport.source, f.edition) == k) for k in editions}
        top = max(score.values())
        winners = [k for k, v in score.items() if v == top]
        if len(winners) > 1:
            places = ", ".join(sorted(f"{s} {e or ''}".strip() for s, e in winners))
            raise RefusedFile(
                path,
                f"ambiguous: its sheets fit {places}.",
                advice="Their passports must say what tells them apart (header, title).",
            )
        fits = [f for f in fits if (f.passport.source, f.edition) == winners[0]]
    return _one_sheet_a_table(fits, path)


def _plain_tables(data: bytes, path: str, passports: list[Passport]) -> Recognised | None:
    """A workbook of any name into which tables were saved that are published as text: what its sheets say they are.

    Raises:
        RefusedFile: they are of several publications, and what is kept of a file is kept under one.
    """
    certain: list[Fit] = []
    for g in read_grids(data, path):
        fits = [f for f in fits_of(g, passports, sheet=False) if lacking_value(f) is None and is_certain(f)]
        if fits:
            certain.append(_heaviest(fits, path, f"the content of sheet {g.name!r}"))
    sources = sorted({f.passport.source for f in certain})
    if len(sources) > 1:
        raise RefusedFile(
            path,
            f"its sheets are tables of several publications ({', '.join(sources)}).",
            advice="Give the publishers' files, or a workbook for each publication.",
        )
    return replace(_one_sheet_a_table(certain, path), is_by_content=True) if certain else None


def _one_sheet_a_table(fits: list[Fit], path: str) -> Recognised:
    """Each table with its one sheet; a table that two sheets fit is refused, and the others land."""
    sheets: dict[str, list[Fit]] = {}
    for f in fits:
        sheets.setdefault(f.table.table, []).append(f)
    kept = [fs[0] for fs in sheets.values() if len(fs) == 1]
    refused = [
        RefusedFile(
            path,
            f"{len(fs)} sheets read as {fs[0].passport.source} {table}: {', '.join(repr(f.grid.name) for f in fs)} "
            "(one may be hidden).",
            advice="Only one can be the publication: delete the other, or download the file again.",
        )
        for table, fs in sheets.items()
        if len(fs) > 1
    ]
    return Recognised(fits[0].passport.source, kept, refused=refused)
