"""Where the warehouse keeps its things. Every setting can be given in the environment as ``CSW_<NAME>``."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from flows import __version__
from flows.common.errors import CswError

#: Where the dbt project, passports and studies are: a checkout, or where the package is installed.
ROOT = Path(__file__).resolve().parent.parent.parent


def _default_data() -> Path:
    """``data`` in a checkout; installed as a package, ``data`` in the folder that the command is run in."""
    return (ROOT if (ROOT / "pyproject.toml").exists() else Path.cwd()) / "data"


def _path(name: str, default: Path) -> Path:
    return Path(os.environ.get(f"CSW_{name}", default)).resolve()


def _number(name: str, default: float) -> float:
    text = os.environ.get(f"CSW_{name}", "")
    try:
        return float(text) if text else default
    except ValueError as exc:
        raise CswError(f"CSW_{name}={text}: give a number.") from exc


def _text(name: str, default: str) -> str:
    return os.environ.get(f"CSW_{name}", default).rstrip("/")


@dataclass(frozen=True)
class Servers:
    """Where the publishers' servers are and how they are asked: base addresses, rate, time-outs and limits.

    Only the hosts of these addresses are ever asked, also after a redirect. Times in seconds, sizes in bytes.
    """

    ees_public: str = field(default_factory=lambda: _text("EES_PUBLIC", "https://api.education.gov.uk/statistics/v1"))
    ees_content: str = field(
        default_factory=lambda: _text("EES_CONTENT", "https://content.explore-education-statistics.service.gov.uk/api")
    )
    ees_site: str = field(
        default_factory=lambda: _text("EES_SITE", "https://explore-education-statistics.service.gov.uk")
    )
    govuk: str = field(default_factory=lambda: _text("GOVUK", "https://www.gov.uk"))
    govuk_assets: str = field(default_factory=lambda: _text("GOVUK_ASSETS", "https://assets.publishing.service.gov.uk"))
    ons: str = field(default_factory=lambda: _text("ONS", "https://www.ons.gov.uk"))
    nomis: str = field(default_factory=lambda: _text("NOMIS", "https://www.nomisweb.co.uk"))
    nomis_rows: int = field(default_factory=lambda: int(_number("NOMIS_ROWS", 25_000)))
    """Rows that Nomis gives a guest at once."""
    ofsted_reports: str = field(default_factory=lambda: _text("OFSTED_REPORTS", "https://reports.ofsted.gov.uk"))
    ofsted_files: str = field(default_factory=lambda: _text("OFSTED_FILES", "https://files.ofsted.gov.uk"))
    user_agent: str = field(
        default_factory=lambda: _text(
            "USER_AGENT",
            f"Mozilla/5.0 (compatible; childrens-services-warehouse/{__version__}; statistical research)",
        )
    )
    per_second: float = field(default_factory=lambda: _number("HTTP_RATE", 4))
    """Requests a second to one host."""
    timeout: float = field(default_factory=lambda: _number("HTTP_TIMEOUT", 30))
    """Longest silence of a server."""
    deadline: float = field(default_factory=lambda: _number("HTTP_DEADLINE", 600))
    """Longest time for one file, however steadily it drips, its repeats included."""
    tries: int = field(default_factory=lambda: int(_number("HTTP_TRIES", 5)))
    backoff: float = field(default_factory=lambda: _number("HTTP_BACKOFF", 1))
    """First pause before a repeat; each further one is twice as long. A server's Retry-After goes before."""
    max_bytes: int = field(default_factory=lambda: int(_number("HTTP_MAX_BYTES", 600_000_000)))
    """Largest file taken, also out of a zip or gzip."""
    max_page_bytes: int = field(default_factory=lambda: int(_number("HTTP_MAX_PAGE_BYTES", 20_000_000)))
    """Largest JSON answer or page."""
    max_zip_ratio: float = field(default_factory=lambda: _number("HTTP_MAX_ZIP_RATIO", 200))
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


@dataclass(frozen=True)
class Settings:
    """Folders of one installation.

    ``data`` (``CSW_DATA``) holds everything that is made: ``archive/`` (publishers' bytes, for ever),
    ``landing/`` (one clean CSV per table and edition), ``warehouse/`` (DuckDB files), ``report/`` and
    ``coding/`` (what people coded; made by them, not by a run).
    """

    root: Path = ROOT
    data: Path = field(default_factory=lambda: _path("DATA", _default_data()))

    servers: Servers = field(default_factory=Servers)

    notify: tuple[str, ...] = field(
        default_factory=lambda: tuple(n for n in _text("NOTIFY", "").replace(",", " ").split() if n)
    )
    """Who is told of a refresh (``CSW_NOTIFY``): Apprise addresses (``json://…``, ``mailto://…``) or blocks of the
    Prefect server (``block:TYPE/NAME``)."""

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
        """Where people put files for the next refresh, e.g. what stands on no server."""
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
    def report(self) -> Path:
        """Reports for people: Data Docs, coverage."""
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
