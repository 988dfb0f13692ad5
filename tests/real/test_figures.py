"""The real returns give the figures that are kept; see figures.py for how to change them knowingly."""

from __future__ import annotations

from typing import Any

import pytest

from tests.real import figures

KEYS = {"scoreboard": ("study", "row"), "study_samples": ("study", "column")}


def changes(name: str, found: list[dict[str, str]]) -> list[str]:
    """What differs from the kept file, a line each; numbers beyond a millionth (builds differ in the last digits)."""

    def by_key(rows: list[dict[str, str]]) -> dict[tuple[str, ...], dict[str, str]]:
        return {tuple(row[k] for k in KEYS[name]): row for row in rows}

    before, now = by_key(figures.kept(name)), by_key(found)
    out = [f"gone: {' | '.join(key)}" for key in before.keys() - now.keys()]
    out += [f"new: {' | '.join(key)}" for key in now.keys() - before.keys()]
    for key in sorted(before.keys() & now.keys()):
        for column, old in before[key].items():
            new = now[key][column]
            if old == new:
                continue
            try:
                same = float(new) == pytest.approx(float(old), rel=1e-6, abs=1e-12)
            except ValueError:
                same = False
            if not same:
                out.append(f"{' | '.join(key)}: {column} was {old or '-'}, is {new or '-'}")
    return out


@pytest.mark.real
@pytest.mark.parametrize("name", figures.KEPT)
def test_no_figure_changed_unseen(real_warehouse: Any, name: str) -> None:
    found = changes(name, getattr(figures, name)(real_warehouse))
    assert not found, "\n".join([f"{name}.csv: read these; if they are right, `make figures` keeps them", *found])


@pytest.mark.real
def test_no_result_lacks_a_reason_or_lies_outside_its_interval(real_warehouse: Any) -> None:
    silent = "select * from results.estimate where value is null and coalesce(reason, '') = ''"
    outside = """
        select * from results.estimate
        where value not between ci_low - 1e-9 * abs(ci_low) and ci_high + 1e-9 * abs(ci_high)
            or p_value not between 0 and 1 or isnan(value) or isinf(value)
    """
    for sql in (silent, outside):
        assert real_warehouse.execute(sql).fetchall() == []
    sentences = real_warehouse.execute(
        "select study, count(value) from results.estimate where place = 'believed' group by study"
    ).fetchall()
    # Each study begins with three sentences that its results carry.
    assert len(sentences) == 7
    assert {n for _, n in sentences} == {3}
    unexplained = "select study, row from results.scoreboard where verdict = 'differs' and length(reason) < 40"
    assert real_warehouse.execute(unexplained).fetchall() == []


def test_a_change_is_seen() -> None:
    rows = figures.kept("scoreboard")
    assert changes("scoreboard", rows) == []
    first = next(i for i, row in enumerate(rows) if row["ours"])
    moved = [
        {**row, "ours": f"{float(row['ours']) * 1.001 + 0.001}"} if i == first else row for i, row in enumerate(rows)
    ]
    other = [{**row, "verdict": "close"} if row["verdict"] == "differs" else row for row in rows]
    assert len(changes("scoreboard", moved)) == 1
    assert "ours was" in changes("scoreboard", moved)[0]
    assert len(changes("scoreboard", other)) == sum(row["verdict"] == "differs" for row in rows)
    assert changes("scoreboard", rows[1:]) == ["gone: inadequate_prediction | 1"]
