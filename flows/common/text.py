"""Text that came from outside, as it may be shown and opened."""

from __future__ import annotations


def printable(text: str) -> str:
    """Text on one line, with what a terminal would obey or cannot show (control characters, bytes of no encoding)
    written as an escape."""
    return "".join(c if c.isprintable() else _escape(c) for c in text)


def counted(number: int, noun: str) -> str:
    """How many, in words: ``1 table``, ``2 tables``. The noun's plural takes an s."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _escape(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte of a file's name that is not UTF-8, as Python carries it
        return f"\\x{code - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")
