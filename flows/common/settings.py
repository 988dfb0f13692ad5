"""Where the warehouse keeps its things. Every setting can be given in the environment as ``CSW_<NAME>``."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    ValidationError,
)
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from flows import __version__
from flows.common.errors import CswError
from flows.common.text import printable

#: Where the dbt project, passports and studies are: a checkout, or where the package is installed.
ROOT = Path(__file__).resolve().parent.parent.parent
#: Folders of a data folder that hold what was taken in, what is made from it, and what people coded; and those from
#: which a run takes in.
KEPT_IN = frozenset(
    {"analyses", "archive", "coding", "dbt", "export", "landing", "live", "prefect", "report", "warehouse"}
)
TAKEN_FROM = frozenset({"inbox", "incoming", "sample"})
#: Letters that DuckDB and dbt take for something else than a folder's name: patterns of files, parts of an address, a
#: column and its value (``year=2024``), and, where it parts no folders, a backslash.
_NOT_IN_PATHS = re.compile(r"[*?\[\]{}#%=]" if os.name == "nt" else r"[*?\[\]{}#%=\\]")


def _address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("give an address that begins with http:// or https://")
    return text.rstrip("/")


def _default_data() -> Path:
    """``data`` in a checkout; installed as a package, ``data`` in the folder that the command is run in."""
    return (ROOT if (ROOT / "pyproject.toml").exists() else Path.cwd()) / "data"


def _folder(path: Path) -> Path:
    text = str(path)
    if not text.isascii() and any(0xDC80 <= ord(c) <= 0xDCFF for c in text):
        raise ValueError("the folder's name is not UTF-8; give one that is")
    if any(ord(c) < 32 or ord(c) == 127 for c in text):
        raise ValueError("the folder's name has a line break or another control character; give one without")
    strange = _NOT_IN_PATHS.search(text)
    if strange:
        what = f"{strange[0]!r}, which databases take for something else"
        raise ValueError(f"the folder's name has {what}; give one without")
    try:
        found = path.expanduser().resolve()
    except RuntimeError:
        raise ValueError("no home folder is known for the ~ in it; give the whole path") from None
    if not next((p for p in (found, *found.parents) if p.exists()), found.parent).is_dir():
        raise ValueError("a file is there; give a folder")
    return found


def _names(text: Any) -> Any:
    return tuple(n for n in text.replace(",", " ").split() if n) if isinstance(text, str) else text


def _folders(text: Any) -> Any:
    return tuple(Path(p).resolve() for p in text.split(os.pathsep) if p) if isinstance(text, str) else text


Address = Annotated[str, AfterValidator(_address)]
Folder = Annotated[Path, AfterValidator(_folder)]


class _Environment(EnvSettingsSource):
    """The environment, but for what only code gives."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        if field_name in {"root", "servers"}:
            return None, field_name, False
        return super().get_field_value(field, field_name)


class _Group(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="CSW_", env_ignore_empty=True, frozen=True, extra="forbid", populate_by_name=True
    )

    def __init__(self, **given: Any) -> None:
        try:
            super().__init__(**given)
        except ValidationError as exc:
            raise CswError(_in_words(exc)) from None

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, *_: Any, **__: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What code gives goes before the environment; no other source is read."""
        return init_settings, _Environment(settings_cls)


def _in_words(exc: ValidationError) -> str:
    lines = []
    for error in exc.errors():
        name = str(error["loc"][0]) if error["loc"] else "a setting"
        name = name if name.startswith("CSW_") else f"CSW_{name.upper()}"
        reason = str(error.get("ctx", {}).get("error", "")) or {
            "float_parsing": "give a number",
            "int_parsing": "give a whole number",
            "int_from_float": "give a whole number",
            "finite_number": "give a number",
        }.get(error["type"], error["msg"][:1].lower() + error["msg"][1:])
        lines.append(f"{name}={printable(str(error['input']))}: {reason}.")
    return "\n".join(lines)


def unknown_settings() -> list[str]:
    """Names in the environment that look like settings and are none: a slip of the pen changes nothing, silently."""
    known = {"CSW_RETURNS", "CSW_LANDING", "CSW_NEXT", "CSW_SPARK", "CSW_BUILD_MEMORY", "CSW_BUILD_SERVED"}
    for group in (Servers, Settings):
        for name, about in group.model_fields.items():
            known.add(str(about.validation_alias or f"CSW_{name.upper()}"))
    return sorted(n for n in os.environ if n.startswith("CSW_") and n not in known)


class Servers(_Group):
    """Where the publishers' servers are and how they are asked: base addresses, rate, time-outs and limits.

    Only the hosts of these addresses are ever asked, also after a redirect. Times in seconds, sizes in bytes.
    """

    ees_public: Address = "https://api.education.gov.uk/statistics/v1"
    ees_content: Address = "https://content.explore-education-statistics.service.gov.uk/api"
    ees_site: Address = "https://explore-education-statistics.service.gov.uk"
    govuk: Address = "https://www.gov.uk"
    govuk_assets: Address = "https://assets.publishing.service.gov.uk"
    ons: Address = "https://www.ons.gov.uk"
    nomis: Address = "https://www.nomisweb.co.uk"
    nomis_rows: PositiveInt = 25_000
    """Rows that Nomis gives a guest at once."""
    ofsted_reports: Address = "https://reports.ofsted.gov.uk"
    ofsted_files: Address = "https://files.ofsted.gov.uk"
    user_agent: str = f"Mozilla/5.0 (compatible; childrens-services-warehouse/{__version__}; statistical research)"
    per_second: NonNegativeFloat = Field(default=4, validation_alias="CSW_HTTP_RATE")
    """Requests a second to one host; 0 for as many as can be."""
    timeout: PositiveFloat = Field(default=30, validation_alias="CSW_HTTP_TIMEOUT")
    """Longest silence of a server."""
    deadline: PositiveFloat = Field(default=600, validation_alias="CSW_HTTP_DEADLINE")
    """Longest time for one file, however steadily it drips, its repeats included."""
    tries: PositiveInt = Field(default=5, validation_alias="CSW_HTTP_TRIES")
    backoff: NonNegativeFloat = Field(default=1, validation_alias="CSW_HTTP_BACKOFF")
    """First pause before a repeat; each further one is twice as long. A server's Retry-After goes before."""
    max_bytes: PositiveInt = Field(default=600_000_000, validation_alias="CSW_HTTP_MAX_BYTES")
    """Largest file taken, also out of a zip or gzip."""
    max_page_bytes: PositiveInt = Field(default=20_000_000, validation_alias="CSW_HTTP_MAX_PAGE_BYTES")
    """Largest JSON answer or page."""
    max_zip_ratio: PositiveFloat = Field(default=200, validation_alias="CSW_HTTP_MAX_ZIP_RATIO")
    """How many times its packed size a zip's content may have."""

    @property
    def bases(self) -> tuple[str, ...]:
        """Every base address."""
        return (
            self.ees_public,
            self.ees_content,
            self.ees_site,
            self.govuk,
            self.govuk_assets,
            self.ons,
            self.nomis,
            self.ofsted_reports,
            self.ofsted_files,
        )


class Settings(_Group):
    """Folders of one installation.

    ``data`` (``CSW_DATA``) holds everything that is made: ``archive/`` (publishers' bytes, for ever),
    ``landing/`` (one clean CSV per table and edition), ``warehouse/`` (DuckDB files), ``report/`` and
    ``coding/`` (what people coded; made by them, not by a run).

    Raises:
        CswError: a setting is not what it should be; the message names it as the environment has it.
    """

    root: Path = ROOT
    data: Folder = Field(default_factory=_default_data, validate_default=True)

    servers: Servers = Field(default_factory=Servers)

    notify: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_names)] = Field(default=(), repr=False)
    """Who is told of a refresh (``CSW_NOTIFY``): Apprise addresses (``json://…``, ``mailto://…``) or blocks of the
    Prefect server (``block:TYPE/NAME``)."""

    returns_folders: Annotated[tuple[Path, ...], NoDecode, BeforeValidator(_folders)] = ()
    """Folders from which scheduled runs may land files, beside the inbox (``CSW_RETURNS_FOLDERS``, with the system's
    separator of paths between them)."""
    serve_url: Annotated[str, AfterValidator(lambda t: _address(t) if t else "")] = ""
    """The address under which a reverse proxy shows the server of ``csw serve`` (``CSW_SERVE_URL``)."""

    @property
    def incoming(self) -> Path:
        """Publishers' files as last fetched, before they are landed."""
        return self.data / "incoming"

    @property
    def live(self) -> Path:
        """What is remembered of the publishers' servers."""
        return self.data / "live"

    @property
    def inbox(self) -> Path:
        """Where people put files for the next refresh, e.g. what is on no server."""
        return self.data / "inbox"

    @property
    def archive(self) -> Path:
        """Publishers' files as they came."""
        return self.data / "archive"

    @property
    def landing(self) -> Path:
        """One clean CSV per table and edition."""
        return self.data / "landing"

    @property
    def warehouse(self) -> Path:
        """Folder of the published DuckDB file."""
        return self.data / "warehouse"

    @property
    def published(self) -> Path:
        """The file that readers open."""
        return self.warehouse / "warehouse.duckdb"

    @property
    def next(self) -> Path:
        """The file that a run builds; only publishing moves it to :attr:`published`."""
        return self.warehouse / "next.duckdb"

    @property
    def earlier(self) -> Path:
        """Warehouses that were published before, the last few."""
        return self.warehouse / "earlier"

    @property
    def export(self) -> Path:
        """Every table for other tools."""
        return self.data / "export"

    @property
    def report(self) -> Path:
        """Reports for people: the site, Data Docs."""
        return self.data / "report"

    @property
    def coding(self) -> Path:
        """People's codings of recommendations, a folder per coder."""
        return self.data / "coding"

    @property
    def seeds(self) -> Path:
        """The dbt seeds: what columns, codes and symbols mean."""
        return self.root / "dbt_project" / "seeds"

    @property
    def passports(self) -> Path:
        """One YAML passport per publication."""
        return self.root / "flows" / "sources"
