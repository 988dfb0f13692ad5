"""The model that codes, on sentences made up here: it learns what words tell, and nothing that only a report tells."""

from __future__ import annotations

import random

import pytest

from analysis.studies.report_themes.classifier import Key, learn

# Words that tell a theme, and words that tell nothing.
TELLING = {"caseloads": ["caseload", "workload", "burden"], "voice": ["listen", "hear", "heed"], "rare": ["comet"]}
PLAIN = (
    *("improve", "the", "work", "of", "all", "teams", "in", "every", "office", "so", "that", "it", "is", "good"),
    *("and", "known", "to", "those", "who", "need"),
)


def made(reports: int, per_report: int, seed: int = 1) -> tuple[dict[Key, str], dict[Key, tuple[str, ...]]]:
    """Texts and their themes; every report has a word of its own, and in half of them all items carry `moody`."""
    chance = random.Random(seed)
    texts: dict[Key, str] = {}
    given: dict[Key, tuple[str, ...]] = {}
    for report in range(reports):
        for item in range(per_report):
            themes = [t for t, odds in (("caseloads", 0.3), ("voice", 0.4), ("rare", 0.01)) if chance.random() < odds]
            words = chance.sample(PLAIN, 8) + [chance.choice(TELLING[t]) for t in themes] + [f"place{report}"]
            chance.shuffle(words)
            key = (f"report{report:03}", item)
            texts[key] = " ".join(words)
            given[key] = tuple(themes) + (("moody",) if report % 2 else ())
    return texts, given


def kappa(first: list[bool], second: list[bool]) -> float:
    n = len(first)
    observed = sum(a == b for a, b in zip(first, second, strict=True)) / n
    p, q = sum(first) / n, sum(second) / n
    chance = p * q + (1 - p) * (1 - q)
    return (observed - chance) / (1 - chance)


def test_it_learns_themes_from_words_and_not_from_reports() -> None:
    texts, given = made(60, 8)
    agreed = {key: themes for key, themes in given.items() if key[0] < "report045"}
    found = learn(texts, agreed, ["caseloads", "voice", "moody", "rare", "unused"], enough=300)
    assert found.themes == ("caseloads", "voice", "moody")
    assert set(found.too_few) == {"rare", "unused"}
    assert (set(found.held_out), set(found.others)) == (set(agreed), set(given) - set(agreed))
    for said in (found.held_out, found.others):
        for theme in ("caseloads", "voice"):
            assert kappa([theme in said[k] for k in said], [theme in given[k] for k in said]) > 0.85
        # The word that names a report tells its mood where the model saw the report, and only there.
        assert abs(kappa(["moody" in said[k] for k in said], ["moody" in given[k] for k in said])) < 0.2
    assert learn(dict(reversed(texts.items())), agreed, ["caseloads", "voice", "moody", "rare", "unused"], 300) == found


def test_too_little_is_said() -> None:
    texts, given = made(30, 4)
    with pytest.raises(ValueError, match="120 agreed items of the 1000"):
        learn(texts, given, ["caseloads", "voice"])
    with pytest.raises(ValueError, match="no theme"):
        learn(texts, given, ["rare"], enough=100)
