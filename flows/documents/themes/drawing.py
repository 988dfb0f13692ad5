"""Which recommendations people are to code: a draw over strata, some of it for two coders.

A stratum is a framework, a judgement and how sure the themes are. Every stratum gives the same number of items as long
as it has them, so that rare ones are coded too; chance, from the seed, decides which. The same items, coders, size and
seed give the same draw, whatever the order of the items.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from flows.documents.themes.codings import CodingError, coder_name

Key = tuple[str, int]
#: Share of the items that two coders get.
TWICE = 0.2
#: Rules that give an item so many themes are unsure which of them is meant.
_MANY = 5


@dataclass(frozen=True, slots=True)
class Drawable:
    """An item that may be drawn: report and item, and its stratum."""

    key: Key
    framework: str
    judgement: str
    uncertainty: str

    @property
    def stratum(self) -> tuple[str, str, str]:
        """Framework, judgement and uncertainty."""
        return self.framework, self.judgement, self.uncertainty


@dataclass(frozen=True)
class Draw:
    """What was drawn.

    Attributes:
        of: coder -> report and item, in the order in which they stand on the sheet.
        twice: items that two coders have.
        strata: framework, judgement, uncertainty -> items there are, items drawn, of them for two coders.
    """

    of: Mapping[str, tuple[Key, ...]]
    twice: frozenset[Key]
    strata: Mapping[tuple[str, str, str], tuple[int, int, int]]

    @property
    def size(self) -> int:
        """Items drawn, each counted once."""
        return sum(drawn for _, drawn, _ in self.strata.values())


def uncertainty(phrases: Mapping[str, int], model: Collection[str] | None = None) -> str:
    """How unsure the themes of an item are, from what the rules and, where there is one, the model say.

    Args:
        phrases: theme -> how many phrases fired.
        model: the model's themes; None where it has not coded the item.
    """
    if not phrases:
        return "no theme"
    if model is not None and set(model) != set(phrases):
        return "rules and model differ"
    if len(phrases) >= _MANY:
        return "many themes"
    return "one phrase a theme" if max(phrases.values()) == 1 else "several phrases"


def draw(items: Iterable[Drawable], coders: Sequence[str], size: int, twice: float = TWICE, seed: int = 1) -> Draw:
    """Draw items and share them out.

    Args:
        items: what may be drawn.
        coders: who codes; each gets as many as the others, and every pair has items in common.
        size: how many items; all there are where these are fewer.
        twice: share of them that two coders get, spread over the strata.
        seed: of chance.

    Raises:
        CodingError: a coder's name is none or comes twice, one coder is to code twice, or there is nothing to draw.
    """
    coders = [coder_name(name) for name in coders]
    if len(set(coders)) < len(coders):
        raise CodingError("a coder is named twice.")
    if not 0 <= twice <= 1:
        raise CodingError(f"{twice:g} is no share: give what two coders code as 0 to 1.")
    if size < 1:
        raise CodingError(f"{size} items cannot be drawn: give a number from 1.")
    if len(coders) < (2 if twice else 1):
        raise CodingError("give two coders or more: a part of the items is coded by two (--twice 0 for none).")
    there: dict[tuple[str, str, str], list[Drawable]] = {}
    for item in items:
        there.setdefault(item.stratum, []).append(item)
    if not there:
        raise CodingError("there is nothing to draw: every recommendation is coded, or none has been read.")
    quota = _quotas({stratum: len(found) for stratum, found in there.items()}, size)
    drawn = [
        item
        for stratum in sorted(there)
        for item in sorted(there[stratum], key=lambda i: _chance(seed, i.key))[: quota[stratum]]
    ]
    shared = frozenset(item.key for n, item in enumerate(drawn) if int((n + 1) * twice + 1e-9) > int(n * twice + 1e-9))
    of: dict[str, list[Key]] = {coder: [] for coder in coders}
    pairs = list(combinations(coders, 2))
    alone = together = 0
    for item in drawn:
        if item.key in shared:
            given: tuple[str, ...] = pairs[together % len(pairs)]
            together += 1
        else:
            given, alone = (coders[alone % len(coders)],), alone + 1
        for coder in given:
            of[coder].append(item.key)
    taken, doubled = Counter(i.stratum for i in drawn), Counter(i.stratum for i in drawn if i.key in shared)
    return Draw(
        # Neighbours on a sheet are of any stratum: what comes next tells nothing.
        {coder: tuple(sorted(keys, key=lambda k: _chance(f"{seed}:{coder}", k))) for coder, keys in of.items()},
        shared,
        {stratum: (len(found), taken[stratum], doubled[stratum]) for stratum, found in sorted(there.items())},
    )


def _quotas(there: Mapping[tuple[str, str, str], int], size: int) -> dict[tuple[str, str, str], int]:
    """The same number from each stratum, as long as it has them; the rest one by one from those that have more."""
    quota = dict.fromkeys(there, 0)
    left = min(size, sum(there.values()))
    while left:
        open_ = [stratum for stratum in sorted(there) if quota[stratum] < there[stratum]]
        each = max(left // len(open_), 1)
        for stratum in open_[:left]:
            more = min(each, there[stratum] - quota[stratum], left)
            quota[stratum] += more
            left -= more
    return quota


def _chance(seed: int | str, key: Key) -> bytes:
    return hashlib.sha256(f"{seed}:{key[0]}:{key[1]}".encode()).digest()
