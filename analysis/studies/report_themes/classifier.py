"""A model that codes: TF-IDF of words and pairs of words, and a logistic regression for every theme.

It learns from the agreed coding and is one more coder: what it says of an item that it learned from is what it says
when the item's report was held out. A theme with too few examples it never gives.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analysis.estimators._arrays import Array

Key = tuple[str, int]
#: Agreed items that a model is worth training on.
ENOUGH = 1000
#: Agreed items that a theme needs, and reports that they have to be of.
EXAMPLES, REPORTS = 20, 10
FOLDS = 5
_INNER = 3
_SEED = 1
# The regressions give probabilities; a theme is given from the one that served best on reports held out within.
_CUTS = tuple(i / 20 for i in range(2, 17))


@dataclass(frozen=True)
class Learned:
    """What the model says.

    Attributes:
        held_out: item that it learned from -> themes, given when the report was held out.
        others: item without an agreed coding -> themes.
        themes: those that it gives.
        too_few: theme -> agreed items, of those that are too few (or of too few reports) to learn.
    """

    held_out: dict[Key, tuple[str, ...]]
    others: dict[Key, tuple[str, ...]]
    themes: tuple[str, ...]
    too_few: dict[str, int]


def learn(
    texts: Mapping[Key, str], agreed: Mapping[Key, tuple[str, ...]], themes: Sequence[str], enough: int = ENOUGH
) -> Learned:
    """Train on the agreed coding and code every item.

    Args:
        texts: report and item -> words.
        agreed: report and item -> themes that people agreed on.
        themes: themes of the codebook, in order.
        enough: least number of agreed items.

    Raises:
        ValueError: too few agreed items, too few reports, or no theme with examples enough.
    """
    import numpy as np
    from sklearn.model_selection import GroupKFold

    keys = sorted(set(agreed) & set(texts))
    if len(keys) < enough:
        raise ValueError(f"{len(keys)} agreed items of the {enough} that a model needs")
    given = {theme: [key for key in keys if theme in agreed[key]] for theme in themes}
    learned = tuple(
        theme
        for theme, of in given.items()
        if len(of) >= EXAMPLES and len({report for report, _ in of}) >= REPORTS and len(of) < len(keys)
    )
    reports = np.array([report for report, _ in keys], dtype=object)
    if not learned or len(set(reports)) < FOLDS * _INNER:
        raise ValueError("no theme has agreed items enough, or they are of too few reports")
    words = [texts[key] for key in keys]
    labels = np.array([[theme in agreed[key] for theme in learned] for key in keys])
    said = np.zeros(labels.shape, dtype=bool)
    for train, test in GroupKFold(FOLDS).split(words, groups=reports):
        model = _fit([words[i] for i in train], labels[train], reports[train])
        said[test] = model([words[i] for i in test])
    rest = sorted(set(texts) - set(keys))
    whole = _fit(words, labels, reports)([texts[key] for key in rest]) if rest else np.zeros((0, len(learned)), bool)
    return Learned(
        {key: _themes(learned, row) for key, row in zip(keys, said, strict=True)},
        {key: _themes(learned, row) for key, row in zip(rest, whole, strict=True)},
        learned,
        {theme: len(of) for theme, of in given.items() if theme not in learned},
    )


def _themes(names: Sequence[str], row: Any) -> tuple[str, ...]:
    return tuple(name for name, is_given in zip(names, row, strict=True) if is_given)


def _fit(words: list[str], labels: Any, groups: Any) -> Any:
    """A function of texts that gives items × themes; cut-offs are chosen on reports held out from each other."""
    import numpy as np
    from sklearn.model_selection import GroupKFold

    inner = np.zeros(labels.shape)
    for train, test in GroupKFold(_INNER).split(words, groups=groups):
        inner[test] = _probabilities([words[i] for i in train], labels[train])([words[i] for i in test])
    cuts = np.array([_best_cut(inner[:, j], labels[:, j]) for j in range(labels.shape[1])])
    probabilities = _probabilities(words, labels)
    return lambda texts: probabilities(texts) >= cuts


def _probabilities(words: list[str], labels: Any) -> Any:
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    # Single letters carry nothing; words of one report alone cannot help with another.
    reader = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True, strip_accents="unicode")
    seen = reader.fit_transform(words)
    fitted = [
        LogisticRegression(C=10.0, class_weight="balanced", solver="liblinear", random_state=_SEED).fit(seen, column)
        if 0 < column.sum() < len(column)
        else float(column.any())
        for column in labels.T
    ]

    def of(texts: list[str]) -> Array:
        given = reader.transform(texts)
        columns = [
            np.full(len(texts), one) if isinstance(one, float) else one.predict_proba(given)[:, 1] for one in fitted
        ]
        return np.column_stack(columns)

    return of


def _best_cut(probability: Any, label: Any) -> float:
    """The cut-off with the highest F1; of equal ones the middle."""
    import numpy as np

    scores = []
    for cut in _CUTS:
        said = probability >= cut
        both = float((said & label).sum())
        scores.append(2 * both / max(float(said.sum() + label.sum()), 1.0))
    best = np.flatnonzero(np.isclose(scores, max(scores)))
    return _CUTS[int(best[len(best) // 2])]
