"""Writing a drafted edition into the project: the passport's lines and the seed's rows; all else stays as it is."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from flows.common.errors import CswError
from flows.common.files import write_atomically
from flows.common.settings import Settings
from flows.landing.draft import Draft


def write_entries(settings: Settings, draft: Draft) -> list[Path]:
    """Put the edition and the names of columns and labels into the passport, and the rows into the seed.

    Returns:
        the files that were changed.

    Raises:
        CswError: the passport has no list of editions, or no line of the table, to put them into.
    """
    changed = []
    passport = settings.passports / f"{draft.source}.yml"
    lines = passport.read_text(encoding="utf-8").splitlines(keepends=True)
    before = list(lines)
    if draft.edition_line and not any(re.match(rf'\s+"?{re.escape(draft.edition)}"?:', x) for x in _editions(lines)):
        lines.insert(_place_of_edition(lines, draft.edition, passport.name), f"  {draft.edition_line}\n")
    for wanted, other in draft.names.items():
        _rename(lines, draft.table, wanted, other, passport.name)
    if draft.reading:
        _add_reading(lines, draft, passport.name)
    if lines != before:
        write_atomically(passport, "".join(lines).encode())
        changed.append(passport)
    seed = settings.seeds / "measure_source.csv"
    if draft.edits or draft.new_rows:
        _write_seed(seed, draft)
        changed.append(seed)
    return changed


def _write_seed(seed: Path, draft: Draft) -> None:
    with seed.open(newline="", encoding="utf-8") as f:
        rows = list(csv.DictReader(f))
    edits = list(draft.edits)
    out: list[dict[str, str]] = []
    for r in rows:
        i = next((i for i, (old, _) in enumerate(edits) if old == r), None)
        out += [r] if i is None else edits.pop(i)[1]
    last = max(
        (i for i, r in enumerate(out) if (r["source"], r["table_name"]) == (draft.source, draft.table)), default=-1
    )
    out[last + 1 : last + 1] = draft.new_rows
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(out)
    write_atomically(seed, buffer.getvalue().encode())


def _span_of_editions(lines: Sequence[str]) -> tuple[int, int] | None:
    start = next((i for i, x in enumerate(lines) if re.match(r"editions:\s*$", x)), None)
    if start is None:
        return None
    return start, next((i for i in range(start + 1, len(lines)) if re.match(r"[^\s#]", lines[i])), len(lines))


def _editions(lines: Sequence[str]) -> Sequence[str]:
    span = _span_of_editions(lines)
    return lines[span[0] : span[1]] if span else []


def _place_of_edition(lines: Sequence[str], edition: str, name: str) -> int:
    """Where a line of a passport's list of editions belongs, the editions being in order."""
    span = _span_of_editions(lines)
    if span is None:
        raise CswError(f"{name} has no list of editions to add to.")
    start, end = span
    keys = [(i, m[1]) for i in range(start + 1, end) if (m := re.match(r'  "?([^"\s:]+)"?:', lines[i]))]
    later = next((i for i, key in keys if key > edition), None)
    if later is None:
        return 1 + max(i for i in range(start, end) if i == start or lines[i].startswith("  "))
    while lines[later - 1].lstrip().startswith("#"):
        later -= 1
    return later


def span_of_table(lines: Sequence[str], table: str, name: str) -> tuple[int, int]:
    """Where the lines of a table stand in a passport: the first, and the one behind the last.

    Raises:
        CswError: there is no such table.
    """
    start = next((i for i, x in enumerate(lines) if re.match(rf"\s*- table: {re.escape(table)}\s*$", x)), None)
    if start is None:
        raise CswError(f"{name} has no table {table}.")
    return start, next((i for i in range(start + 1, len(lines)) if re.match(r"\s*- table: ", lines[i])), len(lines))


def _rename(lines: list[str], table: str, wanted: str, other: str, name: str) -> None:
    """Put another name beside one of a table's header, filters or values; or leave it out, where ``other`` is blank."""
    start, end = span_of_table(lines, table, name)
    token = rf"""(?P<q>["']?){re.escape(wanted)}(?P=q)(?=\s*[,\]:}}])"""
    hits = 0
    for i in range(start + 1, end):
        if not re.match(r"\s*(header|filters|contains): ", lines[i]):
            continue
        if other:
            lines[i], n = re.subn(token, _quoted(other), lines[i])
        else:
            lines[i], n = re.subn(rf",\s*{token}|{token.replace('q', 'p')},?\s*", "", lines[i])
        hits += n
    if not hits:
        raise CswError(f"{name}: {wanted!r} of table {table} is not on one line; put {other!r} beside it by hand.")


def _quoted(text: str) -> Callable[[re.Match[str]], str]:
    """A text in the quotes that it replaces, or in single ones."""

    def put(m: re.Match[str]) -> str:
        mark = str(m["q"]) or "'"
        return mark + text + mark

    return put


def _add_reading(lines: list[str], draft: Draft, name: str) -> None:
    start, end = span_of_table(lines, draft.table, name)
    at = next((i for i in range(start, end) if re.match(r"    editions:(\s+&\w+)?\s*$", lines[i])), None)
    if at is None:
        raise CswError(f"{name}: table {draft.table} has no list of editions to add to.")
    after = at + 1
    while after < end and re.match(r"      ", lines[after]):
        m = re.match(r'      "?([^"\s:]+)"?:', lines[after])
        if m and m[1] > draft.edition:
            break
        after += 1
    lines.insert(after, f"      {draft.reading}\n")
