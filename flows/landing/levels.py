"""What a row is of: an authority, a region, England, or nothing that is counted; told by words, codes and names."""

from __future__ import annotations

import re

from flows.common.errors import RefusedFile
from flows.landing.grids import label
from flows.sources.passport import LEVEL_WORDS, Level

_JOINT = re.compile(r"\d{3}( / \d{3})*")
NATIONAL_NAMES = frozenset({"england", "total england", "england total"})
REGIONAL_NAMES = frozenset(
    {
        "north east",
        "north west",
        "yorkshire and the humber",
        "yorkshire & the humber",
        "yorks & the humber",
        "yorkshire and humber",
        "yorkshrie and the humber",
        "london (inner)",
        "london (outer)",
        "east midlands",
        "west midlands",
        "east of england",
        "east",
        "london",
        "inner london",
        "outer london",
        "south east",
        "south west",
        "statistical neighbours",
    }
)
#: Spellings of a region beside the department's own: a region that two tables spell apart is one region.
REGION_SPELLINGS = {
    "yorkshire & the humber": "Yorkshire and The Humber",
    "yorks & the humber": "Yorkshire and The Humber",
    "yorkshire and humber": "Yorkshire and The Humber",
    "yorkshrie and the humber": "Yorkshire and The Humber",
    "yorkshire and the humber": "Yorkshire and The Humber",
    "london (inner)": "Inner London",
    "london (outer)": "Outer London",
    "east": "East of England",
    "east of england": "East of England",
}
#: Rows of placements that belong to no authority.
ELSEWHERE_NAMES = frozenset(
    {
        "placed outside of england",
        # Sums by class of authority.
        "london boroughs",
        "metropolitan districts",
        "shire counties",
        "unitary authorities",
    }
)


def area_name_of(level: Level, name: str) -> str:
    """England is England however it is written, and a region is called as the department calls it."""
    if level == "national":
        return "England"
    if level == "regional":
        plain = label(name)
        return REGION_SPELLINGS.get(plain, plain.title() if plain in REGIONAL_NAMES else name)
    return name


def level_of(word: str | None, code: str, gss: str, name: str, path: str, number: int) -> Level:
    """The level of a row, by the publisher's word for it, else by its name and codes.

    Raises:
        RefusedFile: the word is not known.
    """
    if word is not None:
        w = label(word)
        if not w:
            return "none"
        if w not in LEVEL_WORDS:
            raise RefusedFile(
                path,
                f"{word!r} is not a geographic level that is known here.",
                row=number,
                advice="Known: " + ", ".join(sorted(LEVEL_WORDS)) + ".",
            )
        return LEVEL_WORDS[w]
    plain = label(name)
    # The name goes first: 970 is England in one publication and 921 both England and Isle of Wight in another.
    if plain in NATIONAL_NAMES:
        return "national"
    if plain in REGIONAL_NAMES:
        return "regional"
    if plain in ELSEWHERE_NAMES:
        return "none"
    if _JOINT.fullmatch(code):
        return "la"
    # E07 are districts, which have no children's services.
    if re.match(r"E0[689]|E10", gss):
        return "la"
    if gss.startswith("E92"):
        return "national"
    if gss.startswith(("E12", "E13")):
        return "regional"
    if not code and not gss and 0 < len(plain) <= 45 and not plain[0].isdigit():
        return "la"
    return "none"
