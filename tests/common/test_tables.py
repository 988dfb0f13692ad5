"""Tables as text: aligned, whole in a pipe, folded on a terminal, and nothing in a cell is obeyed."""

from __future__ import annotations

import io
import os
import shutil

import pytest

from flows.common.tables import text_table

HEAD = ("publication", "tables", "what it says")
ROWS = [("dfe_cin", 7, "a " * 200 + "end"), ("ofsted", 1234, None)]


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell of forty columns whose output goes to a pipe."""
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setattr(shutil, "get_terminal_size", lambda *_: os.terminal_size((40, 20)))


def test_a_pipe_gets_a_row_a_line_whatever_the_width(narrow: None) -> None:
    lines = text_table(HEAD, ROWS, right=("tables",), fit=True).splitlines()
    assert len(lines) == 3
    assert lines[1].endswith("end")
    assert [line.split("  ")[0] for line in lines] == ["publication", "dfe_cin", "ofsted"]
    # Numbers end under one another, and no line ends in blanks.
    assert lines[1].index("7") == lines[2].index("1234") + 3
    assert all(line == line.rstrip() for line in lines)


def test_a_terminal_gets_folded_cells_and_loses_nothing(narrow: None, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdout", Terminal())
    text = text_table(HEAD, ROWS, fit=True)
    assert max(map(len, text.splitlines())) <= 40
    assert text.split().count("a") == 200
    # What is kept in a file or a message is not folded.
    assert len(text_table(HEAD, ROWS).splitlines()) == 3


def test_a_cell_is_shown_and_not_obeyed() -> None:
    text = text_table(("a", "b"), [("[red]x[/red]", "one\ntwo\x1b[31m"), (":smile:", "München 中文")], indent=2)
    assert text.splitlines()[1] == r"  [red]x[/red]  one\ntwo\x1b[31m"
    assert text.splitlines()[2] == "  :smile:       München 中文"
