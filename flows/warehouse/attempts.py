"""Building without what does not hold: failures are traced to tables and documents, which are held back one by one.

Only what is not in the published warehouse yet is held back. Where even the published set fails, our own seeds, models
or checks are wrong: then nothing is published, and the rows are shown.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flows.common.errors import CheckFailed, CswError
from flows.common.settings import Settings
from flows.documents.archived import SOURCE, read_tables
from flows.landing.catalogue import Key, read_catalogue
from flows.landing.quarantine import Quarantined, Unit, hold, release
from flows.landing.withdrawn import DOCUMENTS, now
from flows.warehouse.fingerprint import project_digest, published_tables
from flows.warehouse.tracing import Tracer

if TYPE_CHECKING:
    from flows.warehouse.dbt import DbtResult

#: So many builds are tried in one run; the last of them is without anything new.
MOST_BUILDS = 12
#: Rows of a failing test that are followed.
FOLLOWED = 10_000
#: Why something is held back of which it is not known whether it is the cause.
UNDECIDED = "held back with others that arrived with it: which of them is the cause could not be told apart"


@dataclass(frozen=True)
class Failure:
    """A check that did not hold: its name, what to show, what mends it, and the rows or tables it is about."""

    by: str
    text: str
    mends: str = ""
    rows: tuple[dict[str, Any], ...] = ()
    tables: tuple[Key, ...] = ()


def code_digest(settings: Settings) -> str:
    """A hash of what data is checked with: models, tests, seeds, expectations. Where it changes, all is tried again."""
    digest = hashlib.sha256(project_digest(settings).encode())
    room = settings.root / "expectations"
    for path in sorted(p for p in room.rglob("*") if p.suffix in {".py", ".yml", ".csv"}):
        digest.update(f"\n{path.relative_to(room).as_posix()}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def failures_of(result: DbtResult, settings: Settings) -> list[Failure]:
    """What failed in a dbt build of the next warehouse, with the rows of each test.

    Raises:
        CswError: the machine gave out, which is no fault of any table.
    """
    from flows.warehouse.dbt import DbtResult as Result
    from flows.warehouse.failures import describe_failures, refusal_of_the_machine

    if refused := refusal_of_the_machine(result):
        raise CswError(refused)
    found = []
    for node in result.failed:
        text = describe_failures(Result(False, "", [node]), settings.next)
        rows = _rows(settings, node.sql) if node.type == "test" and node.status == "fail" else ()
        found.append(Failure(f"{node.type} {node.name}", text, node.advice, rows))
    return found or [Failure("dbt", result.error or "dbt failed without saying where.")]


def _rows(settings: Settings, sql: str) -> tuple[dict[str, Any], ...]:
    import duckdb

    if not sql or not settings.next.exists():
        return ()
    with duckdb.connect(str(settings.next), read_only=True) as con:
        try:
            relation = con.sql(sql).limit(FOLLOWED)
            return tuple(dict(zip(relation.columns, r, strict=True)) for r in relation.fetchall())
        except duckdb.Error:
            return ()


def new_units(settings: Settings) -> list[Unit]:
    """Tables and documents that are in use and not in the published warehouse, the newest editions first."""
    published = published_tables(settings)
    landed = sorted((e for e in read_catalogue(settings) if e.key not in published), key=lambda e: e.rank, reverse=True)
    units = [Unit(e.source, e.table_name, e.edition, e.file, e.sha256) for e in landed]
    known = _published_documents(settings)
    return units + [Unit(SOURCE, DOCUMENTS, DOCUMENTS, f, s) for s, f in sorted(_documents(settings)) if s not in known]


def _documents(settings: Settings) -> set[tuple[str, str]]:
    path = read_tables(settings)[0]
    if not path.exists():
        return set()
    with path.open(newline="", encoding="utf-8") as f:
        return {(r["sha256"], r["file"]) for r in csv.DictReader(f)}


def _published_documents(settings: Settings) -> set[str]:
    import duckdb

    if not settings.published.exists():
        return set()
    with duckdb.connect(str(settings.published), read_only=True) as con:
        try:
            return {s for (s,) in con.execute("select sha256 from staging.stg_ofsted__report_read").fetchall()}
        except duckdb.Error:
            return set()


class Attempts:
    """Builds until one passes.

    Args:
        settings: where things are kept.
        attempt: builds and checks what is in use now; says what failed.
        held: called after documents were held back or released.
        most: so many builds at most.
    """

    def __init__(
        self,
        settings: Settings,
        attempt: Callable[[], list[Failure]],
        *,
        held: Callable[[], None] = lambda: None,
        most: int = MOST_BUILDS,
    ) -> None:
        self._settings, self._attempt, self._when_held, self._left = settings, attempt, held, most
        self._code = code_digest(settings)
        self.held: dict[Unit, Quarantined] = {}
        self.said: list[str] = []

    def until_it_passes(self) -> None:
        """Build, and hold back what fails, until what is in use passes.

        Raises:
            CheckFailed: even without anything new it does not pass; nothing stays held back because of it.
        """
        while failures := self._try():
            units = new_units(self._settings)
            if not units:
                self._stop(failures)
            suspects = self._suspects(failures, units)
            if suspects:
                self.said += [f.text for f in failures if f in suspects.values()]
                self._hold([self._entry(u, f) for u, f in suspects.items()])
            elif self._left > 2:
                self._isolate(failures, units)
            else:
                self._hold([self._entry(u, failures[0], UNDECIDED) for u in units])
                self.said += [f.text for f in failures]

    def hold(self, units: Iterable[tuple[Unit, Failure]]) -> None:
        """Hold back what another check refuses."""
        self._hold([self._entry(u, f) for u, f in units])

    def _try(self) -> list[Failure]:
        if self._left <= 0 and new_units(self._settings):
            rest = Failure("the number of builds", f"{MOST_BUILDS} builds did not tell what is wrong.")
            self._hold([self._entry(u, rest, UNDECIDED) for u in new_units(self._settings)])
        self._left -= 1
        return self._attempt()

    def _suspects(self, failures: Sequence[Failure], units: Collection[Unit]) -> dict[Unit, Failure]:
        """What the failing rows come from, each with the first check that says so."""
        import duckdb

        found: dict[Unit, Failure] = {}
        by_key = {u.key: u for u in units if not u.is_document}
        for failure in failures:
            for key in failure.tables:
                if key in by_key:
                    found.setdefault(by_key[key], failure)
        if not self._settings.next.exists():
            return found
        with duckdb.connect(str(self._settings.next), read_only=True) as con:
            tracer = Tracer(con, units)
            for failure in failures:
                if failure.rows and not (set(failure.tables) & by_key.keys()):
                    for unit in tracer.units_of(failure.rows):
                        found.setdefault(unit, failure)
        return found

    def _isolate(self, failures: Sequence[Failure], units: list[Unit]) -> None:
        """Find by halves which units make it fail, where the rows do not tell; first build without any of them."""
        named = {f.by for f in failures}

        def fails() -> bool:
            return bool({f.by for f in self._try()} & named)

        self._hold([self._entry(u, failures[0], UNDECIDED, code="") for u in units])
        if fails():
            self._stop(failures)
        unknown = list(units)
        size = (len(unknown) + 1) // 2
        has_cause = True  # of what is unknown: it made the build fail
        while unknown and self._left > 1:
            if has_cause and len(unknown) == 1:
                self._hold([self._entry(unknown.pop(), failures[0])])
                break
            # The oldest first: what is newest is what is most likely to be wrong.
            some = unknown[-size:]
            self._release(some)
            if not fails():
                del unknown[-size:]
                size = (len(unknown) + 1) // 2
            elif size == 1:
                self._hold([self._entry(unknown.pop(), failures[0])])
                has_cause, size = False, len(unknown)
            else:
                self._hold([self._entry(u, failures[0], UNDECIDED, code="") for u in some])
                has_cause, size = True, (size + 1) // 2
        self._hold([self._entry(u, failures[0], UNDECIDED) for u in unknown])
        self.said += [f.text for f in failures]

    def _entry(self, unit: Unit, failure: Failure, note: str = "", code: str | None = None) -> Quarantined:
        why = f"{note}\n{failure.text}" if note else failure.text
        code = self._code if code is None else code
        return Quarantined(
            unit.source, unit.table_name, unit.edition, unit.file, unit.sha256,
            by=failure.by, why=why, mends=failure.mends, since=now(), code=code,
        )  # fmt: skip

    def _hold(self, entries: Collection[Quarantined]) -> None:
        hold(self._settings, entries)
        for q in entries:
            self.held[_unit(q)] = q
        if any(q.is_document for q in entries):
            self._when_held()

    def _release(self, units: Collection[Unit]) -> None:
        gone = [self.held.pop(u) for u in units if u in self.held]
        release(self._settings, gone)
        if any(q.is_document for q in gone):
            self._when_held()

    def _stop(self, failures: Sequence[Failure]) -> None:
        self._release(list(self.held))
        raise CheckFailed(
            "the next warehouse did not pass, also without anything that is new; what was published before stays "
            "published.\n\n" + "\n\n".join(f.text for f in failures)
        )


def _unit(q: Quarantined) -> Unit:
    return Unit(q.source, q.table_name, q.edition, q.file, q.sha256)
