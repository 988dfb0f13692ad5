"""Passports: how each publication is recognised and read.

One YAML file per publication in ``flows/sources/`` says who publishes it, under which licence, when, and for each
table what its files look like: name, header, sheet, key columns, filters, editions and the meaning of its symbols.
What a column *means* is not here but in the seed ``measure_source.csv``.
"""

from __future__ import annotations

import hashlib
import re
from datetime import date
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from flows.common.errors import CswError
from flows.common.files import read_yaml

Level = Literal["national", "regional", "la", "none"]
Shape = Literal["wide", "tidy", "sheet", "attributes", "documents"]

#: publishers' words for geographic levels, casefolded
LEVEL_WORDS: dict[str, Level] = {
    "national": "national",
    "country": "national",
    "regional": "regional",
    "region": "regional",
    "gor": "regional",
    "la": "la",
    "local authority": "la",
}


class Strict(BaseModel):
    """A model that refuses keys it does not know, so that a typing error in a passport is found at once."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Edition(Strict):
    """One release of a publication.

    ``published_on`` is *stated* by the publisher (in the file, its metadata or the server) or *usual* (the month in
    which the series usually appears). ``symbols`` names the set of ``value_symbol.csv`` that its files use.
    """

    published_on: date
    published_basis: Literal["stated", "usual"] = "usual"
    symbols: str
    maturity: Literal["provisional", "final", "revised"] = "final"
    url: str | None = None
    note: str | None = None


class TableEdition(Strict):
    """What tells one edition of a table from the others, and what reads differently in it."""

    file: str | None = None
    header: list[str] = Field(default_factory=list)
    sheet: str | None = None
    header_rows: list[int] | None = None
    keys: dict[str, str] | None = None
    filters: dict[str, str] | None = None
    title: str | None = None
    """Regex found in one of the first rows: the publisher's own words for the year."""
    last_period: str | None = None
    period: str | None = None
    encoding: str | None = None
    columns_named: dict[str, str] = Field(default_factory=dict)
    """Names for columns that the publisher left without one (``column 2`` → name)."""


class Table(Strict):
    """One table of a publication: the same thing in every edition that carries it."""

    table: str
    shape: Shape
    description: str
    file: str | None = None
    header: list[str] = Field(default_factory=list)
    """Columns by which the table is known; ``a|b``: one of the names that a column has had."""
    contains: dict[str, list[str]] = Field(default_factory=dict)
    """Values that a column must hold: tells apart files of one header (``cla_group``)."""
    sheet: str | None = None
    header_rows: list[int] | None = None
    """1-based sheet rows of a presentation sheet's header, joined from top to bottom."""
    header_occurrence: int = 1
    """Which row that carries the header labels: 2 for the second table of a sheet."""
    search_rows: int | None = None
    """How far down the header may stand, for a table below another one on its sheet."""
    stop_at_blank_row: bool = False
    stop_at: str | None = None
    """Regex of the row that ends the table: the title of the next one, where no blank row is between."""
    block_title: str | None = None
    """Regex of a row that titles each of several blocks stacked in one file; its first group becomes a filter."""
    keys: dict[str, str] = Field(default_factory=dict)
    filters: list[str] | dict[str, str] = Field(default_factory=list)
    """Columns that tell one row of an authority from another; a mapping gives them a name of our own.
    ``characteristic|outcome``: whichever of these the file has and no filter before it took, under the name of the
    first."""
    text_columns: list[str] = Field(default_factory=list)
    """Regexes of columns that hold words or flags, not figures."""
    levels: dict[str, dict[str, Level]] = Field(default_factory=dict)
    """Column → its words → level, where a class of authority says it; a row of another word is of no level."""
    name_without: str | None = None
    """Regex of what is taken off an authority's name (``Bristol UA``)."""
    repeated: list[str] = Field(default_factory=list)
    """Columns that the publisher prints several times under one name, each for another thing; in any other table two
    columns of one name are refused."""
    level: Level | None = None
    """The level of every row, where the file does not say."""
    edition: str | None = None
    """A fixed edition, for tables that have only one."""
    edition_from: Literal["fixed", "last_period", "listed"] = "listed"
    released_on: str | None = None
    """Label of the row in which each file states the day of its release: a file of any other day than the listed
    editions' is an edition like them, named by its day."""
    last_period_where: dict[str, str] = Field(default_factory=dict)
    encoding: str = "utf-8"
    editions: dict[str, TableEdition] = Field(default_factory=dict)

    @field_validator("table")
    @classmethod
    def _plain_name(cls, v: str) -> str:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", v):
            raise ValueError(f"table name {v!r} must be lower-case letters, digits and underscores")
        return v

    @model_validator(mode="after")
    def _edition_is_findable(self) -> Table:
        if self.edition_from == "fixed" and not self.edition:
            raise ValueError(f"table {self.table}: edition_from fixed needs an edition")
        return self

    @property
    def is_by_year(self) -> bool:
        """Whether its columns are others in every year: wide files, presentation sheets."""
        return self.shape in ("wide", "sheet")

    def filter_columns(self, reading: TableEdition) -> dict[str, str]:
        """Name of each filter → the publisher's column (or ``a|b``, one of several), in one edition."""
        if reading.filters is not None:
            return reading.filters
        return self.filters if isinstance(self.filters, dict) else {f.split("|")[0]: f for f in self.filters}

    @cached_property
    def required_labels(self) -> dict[int, set[frozenset[str]]]:
        """Labels that a header must have, by the id of the reading: kept here by who works them out."""
        return {}

    @cached_property
    def text_pattern(self) -> re.Pattern[str] | None:
        """Columns that hold words."""
        return re.compile("|".join(self.text_columns), re.IGNORECASE) if self.text_columns else None


class Cadence(Strict):
    """When a return covers and when it usually appears (SOURCES: reporting cycle)."""

    covers: str
    published: str
    months: list[int]
    """The months in which one release may come, in their order (``[12, 1]``); for several a year, the month of each."""
    per_year: int = 1
    every_years: int = 1


class Remote(Strict):
    """Where a publication is on one of the publishers' servers, and which of its files are taken.

    No data-set or media id is here: those change; they are found by publication, page and file name on each fetch.
    """

    client: Literal["ees", "govuk", "hmt", "ons", "nomis", "ofsted_reports"]
    slugs: list[str] = Field(default_factory=list)
    """Publication slugs, the present one first; the passport's ``publication_id`` decides between them."""
    collection: str | None = None
    """Path of the collection that lists the pages."""
    page: str | list[str] | None = None
    """Path of a page, or several that it has had; ``{}`` stands for what changes from release to release."""
    titles: list[str] = Field(default_factory=list)
    """Regexes of the titles of pages that are taken whatever their path, where the collection says titles."""
    skip_pages: list[str] = Field(default_factory=list)
    """Regexes of paths or titles of pages that are not taken all the same."""
    some_pages_have_none: bool = False
    """Whether a page may well have none of the files: the collection's pages are of several kinds."""
    files: list[str] = Field(default_factory=list)
    """Regexes of the names (or titles) of files taken; the passport's own file patterns where absent."""
    skip: list[str] = Field(default_factory=list)
    """Regexes of names that are not taken all the same."""
    save_as: str | None = None
    """Name under which a file is kept, where the publisher's says nothing of its year: ``{year}`` is the last year in
    the page's path or the file's title."""
    series: dict[str, str] = Field(default_factory=dict)
    """File name → address of a time series."""
    queries: dict[str, dict[str, str]] = Field(default_factory=dict)
    """File name → data set and parameters of a query."""
    search: dict[str, str] = Field(default_factory=dict)
    """Parameters of the list of reports."""

    @model_validator(mode="after")
    def _says_where(self) -> Remote:
        needed = {
            "ees": self.slugs,
            "govuk": self.page,
            "hmt": self.collection and self.page,
            "ons": self.series,
            "nomis": self.queries,
            "ofsted_reports": self.search,
        }
        if not needed[self.client]:
            raise ValueError(f"a remote of client {self.client} does not say what to ask for")
        return self

    @property
    def page_globs(self) -> list[str]:
        """Paths of the pages of this publication, ``{}`` for what changes."""
        return [self.page] if isinstance(self.page, str) else list(self.page or [])

    def is_page(self, path: str, title: str = "") -> bool:
        """Whether a page of the collection is one of this publication."""
        if any(re.search(s, w, re.IGNORECASE) for s in self.skip_pages for w in (path, title) if w):
            return False
        globs = [re.escape(g).replace(r"\{\}", "[a-z0-9-]+") for g in self.page_globs]
        return any(re.fullmatch(g, path) for g in globs) or any(
            re.search(t, title, re.IGNORECASE) for t in self.titles if title
        )

    def saved_as(self, name: str, path: str, title: str = "") -> str:
        """Name under which a file of a page is kept."""
        if self.save_as is None:
            return name
        years = re.findall(r"(?<!\d)(?:19|20)\d\d(?!\d)", path) or re.findall(r"(?<!\d)(?:19|20)\d\d(?!\d)", title)
        ending = name.rpartition(".")[2].lower()
        return f"{self.save_as.format(year=years[-1])}.{ending}" if years else name


class Passport(Strict):
    """Everything the door knows about one publication."""

    source: str
    title: str
    publisher: str
    licence: str
    homepage: str
    role: Literal["primary", "secondary", "reference"]
    is_optional: bool = False
    """Whether the warehouse is published without it where its server never gave it: an account beside another one."""
    cadence: Cadence | None = None
    publication_id: str | None = None
    remote: list[Remote] = Field(default_factory=list)
    no_remote: str | None = None
    """Why no server is asked for it (or for the rest of it, where ``remote`` covers a part)."""
    layouts: dict[str, Any] = Field(default_factory=dict)
    """Only a place for YAML anchors."""
    documents: list[str] = Field(default_factory=list)
    """Regexes of file names that are archived as documentation and land no table."""
    other_files: list[str] = Field(default_factory=list)
    """Regexes of file names that are this publication's, though no table of them is described here."""
    documents_are_read: bool = False
    """Whether the documents are read afterwards: their reader then refuses, with a reason that becomes a row."""
    editions: dict[str, Edition]
    tables: list[Table]

    @model_validator(mode="after")
    def _editions_exist(self) -> Passport:
        if not self.remote and not self.no_remote:
            raise ValueError(f"{self.source}: give a remote, or say in no_remote why there is none")
        names = [t.table for t in self.tables]
        if len(set(names)) != len(names):
            raise ValueError(f"{self.source}: a table is listed twice")
        for t in self.tables:
            for e in [*t.editions, *([t.edition] if t.edition else [])]:
                if e not in self.editions:
                    raise ValueError(f"{self.source}.{t.table}: edition {e} is not among the publication's editions")
        return self

    @cached_property
    def file_patterns(self) -> list[str]:
        """Regexes of every file name that the passport speaks of."""
        named = [r.file for t in self.tables for r in t.editions.values()] + [t.file for t in self.tables]
        return sorted({n for n in named if n}) + self.documents

    def edition(self, name: str) -> Edition | None:
        """An edition: one of those listed, or one that its file's own day names; None where there is none."""
        if name in self.editions or not any(t.released_on for t in self.tables):
            return self.editions.get(name)
        try:
            day = date.fromisoformat(name)
        except ValueError:
            return None
        return Edition(published_on=day, published_basis="stated", symbols="none")

    def table(self, name: str) -> Table:
        """The table of that name.

        Raises:
            KeyError: there is none.
        """
        for t in self.tables:
            if t.table == name:
                return t
        raise KeyError(name)


def load_passports(folder: Path) -> list[Passport]:
    """All passports of a folder, sorted by source.

    Raises:
        CswError: a passport is not valid; the message names the file and the key.
    """
    return list(_load(str(folder), passports_digest(folder)))


@lru_cache(maxsize=4)
def _load(folder: str, digest: str) -> tuple[Passport, ...]:
    passports = []
    for path in sorted(Path(folder).glob("*.yml")):
        try:
            passports.append(Passport.model_validate(read_yaml(path)))
        except (ValueError, yaml.YAMLError) as exc:
            raise CswError(f"passport {path.name} is not valid: {exc}") from exc
    return tuple(passports)


def passports_digest(folder: Path) -> str:
    """A hash of every passport, so that a change of one is noticed."""
    h = hashlib.sha256()
    for path in sorted(folder.glob("*.yml")):
        h.update(path.name.encode())
        h.update(path.read_bytes())
    return h.hexdigest()
