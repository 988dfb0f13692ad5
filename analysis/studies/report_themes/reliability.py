"""How far coders agree on the themes of the items that all of them coded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from analysis.estimators.agreement import Alpha, KappaByTheme

Coded = Mapping[tuple[str, int], tuple[str, ...]]


@dataclass(frozen=True, eq=False)
class Reliability:
    """Agreement of two or more coders.

    Attributes:
        coders: who.
        item_count: items that all of them coded.
        identical: items to which all gave the very same themes.
        kappa: Cohen's kappa by theme and pooled, for every pair.
        alpha: Krippendorff's alpha over all item-theme decisions of all coders, gaps allowed.
        confusion: first, second, theme of the first alone, theme of the second alone, items: what one calls one thing
        and the other another.
    """

    coders: tuple[str, ...]
    item_count: int
    identical: int
    kappa: dict[tuple[str, str], KappaByTheme]
    alpha: Alpha
    confusion: pd.DataFrame

    def text(self) -> str:
        """For people."""
        share = f" ({100 * self.identical / self.item_count:.1f}%)" if self.item_count else ""
        lines = [
            f"{', '.join(self.coders)}: {self.item_count} items coded by all; {self.identical} identical{share}.",
            self.alpha.summary(),
        ]
        for (first, second), kappa in self.kappa.items():
            lines += ["", f"{first} and {second}. {kappa.summary()}"]
        if len(self.confusion):
            lines += ["", "One theme where the other gave another:", self.confusion.head(20).to_string(index=False)]
        return "\n".join(lines)


def reliability(codings: Mapping[str, Coded], themes: Sequence[str]) -> Reliability:
    """Measure the agreement of two or more coders.

    Args:
        codings: coder -> report and item -> themes.
        themes: themes of the codebook; those that nobody used say nothing and are left out.

    Raises:
        ValueError: fewer than two coders.
    """
    import pandas as pd

    from analysis.estimators.agreement import kappa_by_theme, krippendorff_alpha

    coders = tuple(codings)
    if len(coders) < 2:
        raise ValueError("agreement needs two coders or more")
    everything = sorted(set().union(*codings.values()))
    shared = sorted(set(everything).intersection(*codings.values()))
    used = [t for t in themes if any(t in given for coding in codings.values() for given in coding.values())]
    frames = {
        coder: pd.DataFrame(
            [[float(t in coding[key]) if key in coding else None for t in used] for key in everything],
            index=pd.MultiIndex.from_tuples(everything, names=["report_id", "item"]) if everything else None,
            columns=used,
            dtype=float,
        )
        for coder, coding in codings.items()
    }
    units = pd.DataFrame([frames[coder].to_numpy().ravel() for coder in coders])
    return Reliability(
        coders,
        len(shared),
        sum(len({frozenset(coding[key]) for coding in codings.values()}) == 1 for key in shared),
        {(a, b): kappa_by_theme(frames[a], frames[b]) for a, b in combinations(coders, 2)},
        krippendorff_alpha(units),
        _confusion(codings),
    )


def _confusion(codings: Mapping[str, Coded]) -> pd.DataFrame:
    import pandas as pd

    counts: Counter[tuple[str, str, str, str]] = Counter()
    for a, b in combinations(codings, 2):
        for key in set(codings[a]) & set(codings[b]):
            mine, other = set(codings[a][key]), set(codings[b][key])
            for x in (mine - other) or {"none"}:
                for y in (other - mine) or {"none"}:
                    if (x, y) != ("none", "none"):
                        counts[a, b, x, y] += 1
    rows = [(*pair, n) for pair, n in sorted(counts.items(), key=lambda x: (-x[1], x[0]))]
    return pd.DataFrame(rows, columns=["first", "second", "theme_of_first", "theme_of_second", "items"])
