"""The draw of items for people to code: over strata, a part of it twice, the same for the same seed."""

from __future__ import annotations

from collections import Counter

import pytest

from flows.documents.themes.codings import CodingError
from flows.documents.themes.drawing import Drawable, draw, uncertainty

SIZES = {("sif", "inadequate", "no theme"): 4, ("sif", "inadequate", "many themes"): 400, ("ilacs", "none", "x"): 90}
ITEMS = [
    Drawable((f"{framework}-{unsure[0]}-{n // 10}", n), framework, judgement, unsure)
    for (framework, judgement, unsure), size in SIZES.items()
    for n in range(size)
]


def test_every_stratum_gives_alike_as_long_as_it_has_items() -> None:
    found = draw(ITEMS, ["anna", "ben"], 100)
    assert {stratum[2]: counts[:2] for stratum, counts in found.strata.items()} == {
        "no theme": (4, 4),
        "many themes": (400, 48),
        "x": (90, 48),
    }
    assert found.size == 100
    assert draw(ITEMS, ["anna", "ben"], 10_000).size == len(ITEMS)


def test_a_fifth_has_two_coders_and_lies_in_every_large_stratum() -> None:
    found = draw(ITEMS, ["anna", "ben", "cleo"], 300)
    times = Counter(key for keys in found.of.values() for key in keys)
    assert sorted(Counter(times.values()).items()) == [(1, 240), (2, 60)]
    assert {key for key, n in times.items() if n == 2} == found.twice
    for _, drawn, twice in found.strata.values():
        assert abs(twice - 0.2 * drawn) < 1
    # Everybody has as much as the others, and every pair has items in common.
    assert {len(keys) for keys in found.of.values()} == {120}
    pairs = Counter(tuple(sorted(c for c, keys in found.of.items() if key in keys)) for key in found.twice)
    assert set(pairs.values()) == {20}
    assert len(pairs) == 3


def test_the_same_seed_draws_the_same_whatever_the_order_and_another_seed_draws_others() -> None:
    one, other = draw(ITEMS, ["anna", "ben"], 100, seed=7), draw(ITEMS[::-1], ["anna", "ben"], 100, seed=7)
    assert one == other
    assert draw(ITEMS, ["anna", "ben"], 100, seed=8).of != one.of
    # No run of one stratum at the beginning of a sheet.
    assert len({key[0].split("-")[0] for key in one.of["anna"][:12]}) == 2


def test_one_coder_and_no_second_look() -> None:
    found = draw(ITEMS, ["anna"], 50, twice=0)
    assert (len(found.of["anna"]), found.twice) == (50, frozenset())


@pytest.mark.parametrize(
    ("coders", "size", "twice", "message"),
    [
        (["anna"], 10, 0.2, "two coders or more"),
        ([], 10, 0, "two coders or more"),
        (["anna", "Anna "], 10, 0.2, "twice"),
        (["anna", "rules"], 10, 0.2, "name of the rules"),
        (["anna", "ben"], 0, 0.2, "0 items"),
        (["anna", "ben"], 10, 20, "20 is no share"),
    ],
)
def test_what_cannot_be_drawn_is_said(coders: list[str], size: int, twice: float, message: str) -> None:
    with pytest.raises(CodingError, match=message):
        draw(ITEMS, coders, size, twice)
    with pytest.raises(CodingError, match="nothing to draw"):
        draw([], ["anna", "ben"], 10)


def test_how_unsure_the_themes_are() -> None:
    assert uncertainty({}) == uncertainty({}, ()) == "no theme"
    assert uncertainty({"a": 1, "b": 1}) == "one phrase a theme"
    assert uncertainty({"a": 1, "b": 2}) == "several phrases"
    assert uncertainty(dict.fromkeys("abcde", 3)) == "many themes"
    assert uncertainty({"a": 2}, ("b",)) == "rules and model differ"
    assert uncertainty({"a": 2}, ("a",)) == "several phrases"
