"""Tables on a terminal, in a file or in a message: one way to write them."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Collection, Iterable, Sequence
from io import StringIO

from flows.common.text import printable

#: Wider than any table: nothing is cut or folded.
_UNLIMITED = 100_000


def text_table(
    head: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    right: Collection[str] = (),
    fit: bool = False,
    indent: int = 0,
) -> str:
    """Rows as aligned text.

    In a pipe or a file a row is one line, whatever its length, so that the same rows are always the same text.

    Args:
        head: names of the columns.
        rows: their cells; None is blank. What a terminal would obey is written as an escape.
        right: columns of numbers, which end at the same place.
        fit: fold cells to the width of the terminal, where there is one.
        indent: blanks before each line.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    is_terminal = fit and sys.stdout.isatty()
    width = shutil.get_terminal_size().columns - indent if is_terminal else _UNLIMITED
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in head:
        table.add_column(
            Text(printable(name)),
            justify="right" if name in right else "left",
            no_wrap=not is_terminal,
            overflow="fold",
        )
    for row in rows:
        table.add_row(*(Text("" if cell is None else printable(str(cell))) for cell in row))
    written = StringIO()
    # Text and nothing else: no colours, no marks.
    console = Console(file=written, width=max(width, 20), color_system=None, force_terminal=False, legacy_windows=False)
    console.print(table)
    return "\n".join((" " * indent + line).rstrip() for line in written.getvalue().splitlines())
