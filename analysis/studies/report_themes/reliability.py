"""How far coders agree on the themes of the items that two or more of them coded.

Intervals are of a bootstrap over reports: the items of one report are alike.
"""

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
DRAWS = 1000


@dataclass(frozen=True, eq=False)
class Reliability:
    """Agreement of two or more coders.

    Attributes:
        coders: who.
        item_count: items that two or more of them coded.
        identical: of these, items to which all who coded them gave the very same themes.
        kappa: Cohen's kappa by theme and pooled, for every pair that has items in common.
        alpha: Krippendorff's alpha over all item-theme decisions of all coders, gaps allowed.
        alpha_by_theme: one row a theme: alpha, ci_low, ci_high, items that two or more coded, how often it was given
            there, reason.
        confusion: first, second, theme of the first alone, theme of the second alone, items: what one calls one thing
            and the other another.
    """

    coders: tuple[str, ...]
    item_count: int
    identical: int
    kappa: dict[tuple[str, str], KappaByTheme]
    alpha: Alpha
    alpha_by_theme: pd.DataFrame
    confusion: pd.DataFrame

    def pooled(self) -> str:
        """Pooled kappa of every pair, in a line each."""
        return "\n".join(f"{a} and {b}. {kappa.pooled.summary()}" for (a, b), kappa in self.kappa.items())

    def text(self) -> str:
        """For people."""
        share = f" ({100 * self.identical / self.item_count:.1f}%)" if self.item_count else ""
        who = ", ".join(self.coders)
        lines = [
            f"{who}: {self.item_count} items coded by two or more; {self.identical} identical{share}.",
            self.alpha.summary(),
        ]
        if len(self.coders) > 2:
            rounded = self.alpha_by_theme.round(3).to_string(index=False, na_rep="")
            lines += ["", "Krippendorff's alpha by theme, all coders:", rounded]
        for (first, second), kappa in self.kappa.items():
            lines += ["", f"{first} and {second}. {kappa.summary()}"]
        if len(self.confusion):
            lines += ["", "One theme where the other gave another:", self.confusion.head(20).to_string(index=False)]
        lines += ["", f"Intervals: 95%, bootstrap over reports ({DRAWS} draws)."]
        return "\n".join(lines)


def reliability(codings: Mapping[str, Coded], themes: Sequence[str], draws: int = DRAWS) -> Reliability:
    """Measure the agreement of two or more coders.

    Args:
        codings: coder -> report and item -> themes.
        themes: themes of the codebook; those that nobody used say nothing and are left out.
        draws: bootstrap draws.

    Raises:
        ValueError: fewer than two coders.
    """
    import pandas as pd

    from analysis.estimators.agreement import kappa_by_theme, krippendorff_alpha

    coders = tuple(codings)
    if len(coders) < 2:
        raise ValueError("agreement needs two coders or more")
    times = Counter(key for coding in codings.values() for key in coding)
    shared = sorted(key for key, n in times.items() if n > 1)
    used = [t for t in themes if any(t in coding.get(key, ()) for coding in codings.values() for key in shared)]
    frames = {
        coder: pd.DataFrame(
            [[float(t in coding[key]) if key in coding else None for t in used] for key in shared],
            index=pd.MultiIndex.from_tuples(shared, names=["report_id", "item"]) if shared else None,
            columns=used,
            dtype=float,
        )
        for coder, coding in codings.items()
    }
    reports = [report for report, _ in shared]
    kappa = {}
    for a, b in combinations(coders, 2):
        both = [key in codings[a] and key in codings[b] for key in shared]
        if any(both):
            of = [report for report, kept in zip(reports, both, strict=True) if kept]
            kappa[a, b] = kappa_by_theme(frames[a][both], frames[b][both], clusters=of, draws=draws)
    decisions = pd.DataFrame([frames[coder].to_numpy().ravel() for coder in coders])
    return Reliability(
        coders,
        len(shared),
        sum(len({frozenset(coding[key]) for coding in codings.values() if key in coding}) == 1 for key in shared),
        kappa,
        krippendorff_alpha(decisions, draws=draws, clusters=[report for report in reports for _ in used]),
        _alpha_by_theme(frames, used, reports, draws),
        _confusion(codings),
    )


def _alpha_by_theme(
    frames: Mapping[str, pd.DataFrame], themes: Sequence[str], reports: Sequence[str], draws: int
) -> pd.DataFrame:
    import pandas as pd

    from analysis.estimators.agreement import krippendorff_alpha

    rows = []
    for theme in themes:
        given = pd.DataFrame([frame[theme].to_numpy() for frame in frames.values()])
        found = krippendorff_alpha(given, draws=draws, clusters=reports)
        rows.append(
            (theme, found.alpha, found.ci_low, found.ci_high, found.n_units, int(given.sum().sum()), found.reason)
        )
    return pd.DataFrame(rows, columns=["theme", "alpha", "ci_low", "ci_high", "items", "times_given", "reason"])


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
