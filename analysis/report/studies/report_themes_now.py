"""What inspectors ask for now, in words and in matrices with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from analysis.report import charts, words
from analysis.report.published import Published, Row, rows
from analysis.report.study import Found, Section

PLACE = "since 2018"
SPLITS = {
    "judgement": "overall judgement",
    "deprivation_third": "third of deprivation",
    "region": "region",
    "year": "year of publication",
}
GROUPS = {**words.OUTCOMES, "high": "most deprived third", "middle": "middle third", "low": "least deprived third"}
#: Groups differ where the adjusted p-value is below this.
_APART = 0.05
_MOST_CATEGORIES, _MOST_THEMES = 3, 5
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def sections(published: Published, found: Found, labels: Mapping[str, str]) -> list[Section]:
    """The page in words, then the matrices; nothing where no report of the framework in force is held."""
    if found.value(PLACE, "mean", "recommendations | all") is None:
        return []
    held = rows(published.con, "select * from studies.rpt_report_themes__since_2018")
    tests = rows(
        published.con,
        """
        select * from studies.rpt_report_themes__since_2018_comparison where p_adjusted is not null
        order by level, p_adjusted, p_value, label_id
        """,
    )
    return [
        Section("What inspectors ask for now", in_words(found, held, tests, labels)),
        Section("Since 2018, by judgement, deprivation, region and year", _matrices(held, labels)),
    ]


def in_words(found: Found, held: Sequence[Row], tests: Sequence[Row], labels: Mapping[str, str]) -> str:
    """One page in words: how much is asked for, what, and what goes with judgement, deprivation, region and year."""
    everything = [r for r in held if r["split"] == "all"]
    categories = sorted(
        (r for r in everything if r["level"] == "category"), key=lambda r: (-r["item_pct"], r["label_id"])
    )
    themes = sorted((r for r in everything if r["level"] == "theme"), key=lambda r: (-r["report_pct"], r["label_id"]))
    years = [r["split_group"] for r in held if r["split"] == "year"]
    one = everything[0]
    parts = [
        f"{one['report_count']:,} ILACS reports published from {min(years)} to {max(years)} have been read; they make "
        f"{one['item_count']:,} recommendations to the authority. {_how_many(found)}",
        "Of all recommendations "
        + _listed([f"{_share(r, 'item')} are about {_name(r, labels)}" for r in categories[:_MOST_CATEGORIES]], "; ")
        + "; one may be about several. Least is asked for about "
        + f"{_name(categories[-1], labels)}: {_share(categories[-1], 'item')}. The themes in most reports are "
        + _listed([f"{_name(r, labels)}, {_share(r, 'report')} of reports" for r in themes[:_MOST_THEMES]], "; ")
        + ".",
        *(_differences(split, tests, labels) for split in SPLITS),
        "In brackets: 95% intervals over reports. Groups are compared by shares of recommendations, because a report "
        "with more of them touches more themes; p-values are adjusted for the number of them compared. A "
        "difference between years may be one of the authorities that were inspected in them. The coding is that of the "
        "rules unless people have agreed on another.",
    ]
    return "".join(f"<p>{escape(p)}</p>" for p in parts)


def _how_many(found: Found) -> str:
    held = found.of(PLACE, "mean")

    def of(subject: str) -> str:
        row = held[f"recommendations | {subject}"]
        return f"{words.number(row['value'], digits=1)} {_between(row['ci_low'], row['ci_high'], 1)}".strip()

    said = [
        f"{of(f'judgement | {group}')} for {words.OUTCOMES[group]}"
        for group in words.OUTCOMES
        if f"recommendations | judgement | {group}" in held
    ]
    by_judgement = f" By the overall judgement it is {_listed(said)}." if len(said) > 1 else ""
    return f"A report has {of('all')} of them on average.{by_judgement}"


def _differences(split: str, tests: Sequence[Row], labels: Mapping[str, str]) -> str:
    of = [r for r in tests if r["split"] == split]
    if not of:
        return f"By {SPLITS[split]}: too few reports to compare."
    apart = [r for r in of if r["p_adjusted"] < _APART]
    categories, themes = (sum(r["level"] == level for r in of) for level in ("category", "theme"))
    compared = (
        f"{categories} {'category' if categories == 1 else 'categories'} and {themes} "
        f"{'theme' if themes == 1 else 'themes'}"
    )
    if not apart:
        return f"By {SPLITS[split]}: of {compared} none differs by more than chance would give."
    n = len(apart)
    said = [
        f"{_name(r, labels)}, from {words.number(r['lowest_pct'], 'pct', 0)} of recommendations "
        f"({_group(r['lowest_group'])}) to {words.number(r['highest_pct'], 'pct', 0)} ({_group(r['highest_group'])})"
        for r in apart
    ]
    how_many = _NUMBERS[n] if n < len(_NUMBERS) else str(n)
    verb = "differs" if n == 1 else "differ"
    return f"By {SPLITS[split]}: of {compared} {how_many} {verb} by more than chance would give: {_listed(said, '; ')}."


def _matrices(held: Sequence[Row], labels: Mapping[str, str]) -> str:
    parts = []
    for level, plural in (("category", "categories"), ("theme", "themes")):
        for split, title in SPLITS.items():
            cells = {(r["label_id"], r["split_group"]): r for r in held if (r["split"], r["level"]) == (split, level)}
            if not cells:
                continue
            groups = sorted({g for _, g in cells}, key=lambda g: (list(GROUPS).index(g) if g in GROUPS else 0, g))
            ids = sorted({i for i, _ in cells}, key=lambda i: labels.get(i, i))
            reports = {g: next(r["report_count"] for (_, h), r in cells.items() if h == g) for g in groups}

            def cell(i: int, j: int, cells=cells, ids=ids, groups=groups) -> tuple[str, float | None]:  # type: ignore[no-untyped-def]
                row = cells[ids[i], groups[j]]
                return f"{_share(row, 'item')}", row["item_pct"] / 101

            picture = charts.heat(
                "",
                [labels.get(i, i) for i in ids],
                [f"{_group(g)} ({reports[g]})" for g in groups],
                cell,
                diverging=False,
                note="Share of recommendations, 95% interval over reports; beside a group its number of reports.",
            )
            is_open = (level, split) == ("category", "judgement")
            parts.append(
                f"<details{' open' if is_open else ''}><summary>{plural}, by {title}</summary>{picture}</details>"
            )
    return "".join(parts)


def _share(row: Row, of: str) -> str:
    low, high = row[f"{of}_pct_low"], row[f"{of}_pct_high"]
    return f"{words.number(row[f'{of}_pct'], 'pct', 0)} {_between(low, high, 0)}".strip()


def _between(low: float | None, high: float | None, digits: int) -> str:
    if low is None or high is None:
        return ""
    return f"({words.number(low, digits=digits)} to {words.number(high, digits=digits)})"


def _name(row: Row, labels: Mapping[str, str]) -> str:
    label = labels.get(row["label_id"], str(row["label_id"]).replace("_", " "))
    return label[:1].lower() + label[1:]


def _group(group: str) -> str:
    return GROUPS.get(group, group)


def _listed(parts: Sequence[str], between: str = ", ") -> str:
    return between.join(parts) if len(parts) < 2 or between != ", " else ", ".join(parts[:-1]) + " and " + parts[-1]
