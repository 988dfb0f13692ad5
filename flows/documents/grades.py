"""Words of a judgement and the numbers they stand for."""

from __future__ import annotations

import re
from dataclasses import dataclass

# 1 outstanding, 2 good, 3 requires improvement (adequate before 2013, satisfactory in some early documents), 4
# inadequate.
_GRADES = {"outstanding": 1, "good": 2, "requires improvement": 3, "adequate": 3, "satisfactory": 3, "inadequate": 4}
GRADE_WORDS = r"outstanding|requires?\s+improvement(?:\s+to\s+be\s+good)?|good|inadequate|adequate|satisfactory"
_GRADE = re.compile(
    rf"\b(?P<word>{GRADE_WORDS})\b"
    r"|\b(?P<none>not\s+(?:judged|applicable|graded|inspected|given|awarded))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Grade:
    """One grade as printed: its number, None for "not judged" and its like, and its place in the searched text."""

    value: int | None
    printed: str
    start: int
    end: int


def grades_in(text: str) -> list[Grade]:
    """Find all grades of a text, in order.

    "Requires improvement" whose "to be good" is apart, because the words of the next column come between, is one
    grade.
    """
    found: list[Grade] = []
    for match in _GRADE.finditer(text):
        is_rest = match.group(0).lower() == "good" and re.search(r"\bto\s+be\s+$", text[: match.start()])
        if not (is_rest and found and found[-1].value == _GRADES["requires improvement"]):
            found.append(_grade(match))
    return found


def grade_value(words: str) -> int | None:
    """Number of a grade given by exactly its words; None for any other words."""
    match = _GRADE.fullmatch(" ".join(words.split()))
    return _grade(match).value if match else None


def _grade(match: re.Match[str]) -> Grade:
    printed = " ".join(match.group(0).split())
    word = match["word"]
    if word is None:
        return Grade(None, printed, match.start(), match.end())
    key = " ".join(word.lower().split())
    value = 3 if key.startswith("require") else _GRADES[key]
    return Grade(value, printed, match.start(), match.end())
