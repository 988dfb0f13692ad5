"""Study 002: what inspectors recommend, by framework, deprivation, rurality and judgement.

The sample's frame, the codebook, and, where recommendations have been read and coded, the code matrices: counts of
coded items and the share of reports in which a theme occurs, and the paper's statements as rankings of groups. Several
coders are compared by Cohen's kappa and Krippendorff's alpha.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from analysis.marts import MartLacks, Marts
from analysis.results import Estimate
from analysis.studies.spec import Choices, Spec

if TYPE_CHECKING:
    import pandas as pd

    from analysis.studies.report_themes.reliability import Coded, Reliability

STUDY = "report_themes"
MATRIX = "studies.rpt_report_themes__matrix"
ITEMS, THEMES = "marts.fct_recommendation", "marts.fct_recommendation_theme"
CODINGS = "marts.fct_recommendation_coding"
GROUPINGS = {
    "framework": "study_framework",
    "deprivation": "imd_2015_third",
    "rurality": "rural_urban_class",
    "judgement": "judged",
}
#: The paper's three most common categories, the first the most common.
RANKED = ("performance", "casework", "multi_agency")
#: A coding that people agreed on goes before any one coder's.
PREFERRED_CODER = "agreed"
#: Coders that are no people.
MACHINES = ("rules", "model")
NINE = 9
NAMED = "performance management named"


def run(marts: Marts, spec: Spec, choices: Choices) -> list[Estimate]:
    """Frame and codebook always; matrices and statements where there are coded items."""
    frame = read_frame(marts, spec, choices)
    out = [*described(frame, spec), *codebook(marts), *_since_2018(marts)]
    try:
        coded = read_coded(marts, frame)
    except MartLacks as exc:
        reason = f"needs recommendations read from the reports and coded: {exc}"
        subjects = ["rank order of categories", *spec.variables["claims"]]
        out += [_estimate("claims", "claim", s, None, reason=reason) for s in subjects]
        out.append(_estimate("shares of reports", "percent", NAMED, None, reason=reason))
        return out
    out.append(directly_mentioned(marts, frame, spec))
    coder = chosen_coder(coded)
    mine = coded[coded["coder"] == coder]
    return [*out, *matrices(mine, coder), *statements(mine, spec, coder), *agreement(marts)]


def directly_mentioned(marts: Marts, frame: pd.DataFrame, spec: Spec) -> Estimate:
    """The share of reports with an item for the authority itself that names performance management."""
    items = marts.frame(f"select inspection_id, report_id, addressee, text from {ITEMS} where text is not null")
    mine = items[items["inspection_id"].isin(frame["inspection_id"])]
    own = mine[mine["addressee"] == "local_authority"]
    named = own[own["text"].str.contains(spec.variables["directly_mentioned"], case=False)]
    n = int(mine["report_id"].nunique())
    return _estimate(
        "shares of reports",
        "percent",
        NAMED,
        100 * named["report_id"].nunique() / n if n else None,
        n=n,
        method="reports with an item for the authority that holds the words",
        reason="" if n else "no recommendation of these reports is held",
    )


def tables(marts: Marts) -> dict[str, pd.DataFrame]:
    """The tests beside the code matrices (``studies.rpt_report_themes__comparison``), and what inspectors ask for now.

    Raises:
        MartLacks: the warehouse has no code matrices.
    """
    import pandas as pd

    from analysis.studies.report_themes import current
    from analysis.studies.report_themes.matrices import compare_groups

    # In order, so that of two equal groups the first by name is the highest, whichever way the file was built.
    matrix = marts.frame(f"select * from {MATRIX} where split <> 'all' order by all")
    made = {"rpt_report_themes__comparison": compare_groups(matrix)}
    try:
        corpus = current.read_corpus(marts)
    except MartLacks:
        now, tests = pd.DataFrame(columns=current.MATRIX_COLUMNS), pd.DataFrame(columns=current.TEST_COLUMNS)
    else:
        now, tests = current.matrix(corpus), current.comparison(corpus)
    return {**made, "rpt_report_themes__since_2018": now, "rpt_report_themes__since_2018_comparison": tests}


def _since_2018(marts: Marts) -> Iterator[Estimate]:
    """What inspectors ask for under the framework in force; a row with the reason where no report of it is held."""
    from analysis.studies.report_themes import current

    try:
        corpus = current.read_corpus(marts)
    except MartLacks as exc:
        yield _estimate(current.PLACE, "mean", "recommendations | all", None, reason=str(exc))
        return
    yield from current.estimates(corpus)


def read_frame(marts: Marts, spec: Spec, choices: Choices) -> pd.DataFrame:
    """Inspections of the three frameworks in the period: what reports there are.

    Raises:
        MartLacks: a column, or every row.
        ValueError: the window is not two dates.
    """
    import pandas as pd

    columns = [
        "inspection_id",
        "la_code",
        "la_name",
        "framework",
        "study_framework",
        "publication_date",
        "overall_judgement",
        "is_inadequate",
    ]
    sample = marts.sample(STUDY, [*columns, "imd_2015_third", "rural_urban_class", "is_excluded_from_studies"])
    try:
        first, last = (pd.Timestamp(day) for day in choices.window.split(":"))
    except ValueError as exc:
        raise ValueError(f"--window {choices.window}: give two dates as 2009-01-01:2016-12-31") from exc
    published = pd.to_datetime(sample["publication_date"])
    kept = sample["study_framework"].isin(spec.pins["frameworks"].split()) & published.between(first, last)
    frame = sample[kept].reset_index(drop=True)
    if not len(frame):
        raise MartLacks(f"the sample has no inspections from {first.date()} to {last.date()}")
    judged = frame["is_inadequate"].map({True: "inadequate", False: "not inadequate"})
    return frame.assign(published=pd.to_datetime(frame["publication_date"]), judged=judged)


def described(frame: pd.DataFrame, spec: Spec) -> Iterator[Estimate]:
    """The frame the paper's sixty reports come from, and whether the reports it quotes are in it."""
    yield _estimate("sample", "n", "reports in the frame", len(frame))
    for name, column in GROUPINGS.items():
        for group, n in frame[column].value_counts().sort_index().items():
            yield _estimate("sample", "n", f"{name} | {group}", int(n), n=len(frame))
    for subject, column in (
        ("frameworks", "study_framework"),
        ("deprivation thirds", "imd_2015_third"),
        ("rural-urban classes", "rural_urban_class"),
    ):
        yield _estimate("sample", "n", subject, frame[column].nunique(), n=len(frame))
    for subject, year in (("first report", frame["published"].min()), ("last report", frame["published"].max())):
        yield _estimate("sample", "years", subject, int(year.year), n=len(frame))
    missing = [
        f"{la} {year} ({fw})" for la, year, fw, j in spec.variables["quoted"] if not _is_in(frame, la, year, fw, j)
    ]
    n = len(spec.variables["quoted"])
    reason = (
        f"not found: {', '.join(missing)}" if missing else f"all {n} are in the marts with that framework and judgement"
    )
    yield _estimate("sample", "claim", "quoted reports", 1 - len(missing) / n, n=n, reason=reason)


def _is_in(frame: pd.DataFrame, la: str, year: int, framework: str, judgement: int) -> bool:
    plain = frame["la_name"].map(lambda name: re.sub(r"[^a-z ]", "", name.lower()))
    hit = (
        plain.str.contains(la.lower(), regex=False)
        & (frame["study_framework"] == framework)
        & (frame["overall_judgement"] == judgement)
        # A report may be named by the year of its inspection.
        & frame["published"].dt.year.isin([year, year + 1])
    )
    return bool(hit.any())


def codebook(marts: Marts) -> Iterator[Estimate]:
    """The codebook's categories against the paper's nine."""
    themes = marts.frame("select theme, category from seeds.report_theme")
    n = int(themes["category"].nunique())
    words = "the codebook takes the paper's categories"
    yield _estimate("codebook", "n", "categories", n, reason=words)
    yield _estimate("codebook", "n", "themes", len(themes))
    yield _estimate("codebook", "claim", "the nine categories", min(n, NINE) / NINE, n=NINE, reason=words)


def read_coded(marts: Marts, frame: pd.DataFrame) -> pd.DataFrame:
    """Coded items of the frame's reports that the authority is asked for, with theme, category, coder and groupings.

    Raises:
        MartLacks: there are none.
    """
    for table in (ITEMS, THEMES):
        if not marts.has(table):
            raise MartLacks(f"the warehouse has no {table}")
    # What a board is asked for is another addressee's; the paper is about authorities.
    items = marts.frame(
        f"""
        select report_id, item, la_code, framework, publication_date from {ITEMS}
        where addressee = 'local_authority' order by all
        """
    )
    themes = marts.frame(f"select report_id, item, theme, category, coder from {THEMES} where theme is not null")
    keys = ["la_code", "framework", "publication_date"]
    if not set(keys) <= set(frame.columns):
        raise MartLacks("the frame has no key to join reports by")
    coded = themes.merge(items, on=["report_id", "item"]).merge(frame, on=keys)
    if not len(coded):
        raise MartLacks("no recommendation of the period's reports is coded")
    return coded


def chosen_coder(coded: pd.DataFrame) -> str:
    """The agreed coding if there is one, else the coder with the most reports."""
    coders = coded.groupby("coder")["report_id"].nunique().sort_values(ascending=False)
    return PREFERRED_CODER if PREFERRED_CODER in coders.index else str(coders.index[0])


def occurrence(coded: pd.DataFrame, what: str) -> pd.Series:
    """Per report, whether a theme (or ``category:<id>``) occurs; index report_id."""
    column, wanted = ("category", what.split(":", 1)[1]) if what.startswith("category:") else ("theme", what)
    return coded[column].eq(wanted).groupby(coded["report_id"]).any()


def matrices(coded: pd.DataFrame, coder: str) -> Iterator[Estimate]:
    """Counts of coded items and shares of reports: theme and category, by each grouping."""
    reports = coded.drop_duplicates("report_id").set_index("report_id")
    method = f"coder: {coder}"
    for column, prefix in (("category", "category:"), ("theme", "")):
        counts = coded.drop_duplicates(["report_id", "item", column])[column].value_counts()
        for name, n in counts.items():
            yield _estimate("coded items", "n", f"{prefix}{name}", int(n), n=len(reports), method=method)
            hit = occurrence(coded, f"{prefix}{name}")
            share = 100 * float(hit.mean())
            yield _estimate("shares of reports", "percent", f"{prefix}{name}", share, n=len(reports), method=method)
            for grouping, group_column in GROUPINGS.items():
                for group, part in hit.groupby(reports[group_column].reindex(hit.index)):
                    subject = f"{prefix}{name} | {grouping} | {group}"
                    value = 100 * float(part.mean())
                    yield _estimate("shares of reports", "percent", subject, value, n=len(part), method=method)


def statements(coded: pd.DataFrame, spec: Spec, coder: str) -> Iterator[Estimate]:
    """The paper's statements: rankings of categories, and of groups by the share of reports in which a theme occurs."""
    counts = coded.drop_duplicates(["report_id", "item", "category"])["category"].value_counts()
    first = tuple(str(x) for x in counts.index[: len(RANKED)])
    held = sum(a == b for a, b in zip(first, RANKED, strict=False)) / len(RANKED)
    n_reports = coded["report_id"].nunique()
    about = f"items of the authority in {n_reports} reports, coder: {coder}; the paper's people coded sixty"
    words = f"ours: {', '.join(first)}; {about}"
    n = int(coded["la_code"].nunique())
    yield _estimate("claims", "claim", "rank order of categories", held, n=n, reason=words)
    for subject, parts in spec.variables["claims"].items():
        judged = [(part, _holds(coded, *part)) for part in parts]
        said = [(f"{p[0]} {p[3]} in {p[2]}{f' within {p[4]}' if p[4] else ''}", ok) for p, ok in judged]
        not_so, untested = [s for s, ok in said if ok is False], [s for s, ok in said if ok is None]
        tested = sum(ok is not None for _, ok in judged)
        words = "; ".join(
            [
                *([f"not so: {', '.join(not_so)}"] if not_so else []),
                *([f"not testable, no reports to compare: {', '.join(untested)}"] if untested and tested else []),
                *([] if tested else ["no reports to compare"]),
                about,
            ]
        )
        value = sum(ok is True for _, ok in judged) / tested if tested else None
        yield _estimate("claims", "claim", subject, value, n=n, reason=words)


def _holds(coded: pd.DataFrame, what: str, grouping: str, group: str, how: str, within: str) -> bool | None:
    """Whether a part of a statement holds; None where the reports that it is about are not there."""
    part = coded[coded["study_framework"] == within] if within else coded
    if not len(part):
        return None
    reports = part.drop_duplicates("report_id").set_index("report_id")
    hit = occurrence(part, what)
    shares = hit.groupby(reports[GROUPINGS[grouping]].reindex(hit.index)).mean()
    if group not in shares.index or len(shares) < 2:
        return None
    others = shares.drop(group)
    if how == "none":
        return bool(shares[group] == 0)
    return bool(shares[group] > others.max() if how == "most" else shares[group] < others.min())


def agreement(marts: Marts) -> Iterator[Estimate]:
    """Cohen's kappa of every two coders, pooled over themes; Krippendorff's alpha of the people, and by theme.

    What was agreed came from people and is held against the rules and a model alone.
    """
    from analysis.studies.report_themes.reliability import reliability

    if not marts.has(CODINGS):
        yield _estimate("agreement", "kappa", "pooled", None, reason=f"the warehouse has no {CODINGS}")
        return
    codings = _codings(marts)
    if len(codings) < 2:
        reason = f"one coder only: {', '.join(codings) or 'none'}"
        yield _estimate("agreement", "kappa", "pooled", None, reason=reason)
        return
    book = marts.frame("select theme from seeds.report_theme order by all")["theme"].tolist()
    method = "95% interval: bootstrap over reports; items that both coded"
    for (one, other), kappa in reliability(codings, book).kappa.items():
        if PREFERRED_CODER in (one, other) and not {one, other} <= {PREFERRED_CODER, *MACHINES}:
            continue
        found = kappa.pooled
        yield _estimate(
            "agreement",
            "kappa",
            f"pooled | {one} v {other}",
            found.kappa,
            ci_low=found.ci_low,
            ci_high=found.ci_high,
            n=int(kappa.themes["n"].max()),
            method=method,
            reason=found.reason,
        )
    people = {coder: coding for coder, coding in codings.items() if coder not in {PREFERRED_CODER, *MACHINES}}
    if len(people) > 1:
        yield from _among(reliability(people, book), method)


def _codings(marts: Marts) -> Mapping[str, Coded]:
    """The themes that each coder gave to each item of each report; an item without a theme has none."""
    codings: dict[str, dict[tuple[str, int], tuple[str, ...]]] = {}
    said = marts.frame(f"select coder, report_id, item, theme from {CODINGS} order by all")
    for coder, report, item, theme in said.to_numpy(dtype=object):
        themes = codings.setdefault(coder, {})
        given = themes.get((report, item), ())
        themes[report, item] = (*given, theme) if isinstance(theme, str) else given
    return codings


def _among(people: Reliability, method: str) -> Iterator[Estimate]:
    """Krippendorff's alpha of the people who coded, over all themes and by theme."""
    alpha = people.alpha
    yield _estimate(
        "agreement",
        "alpha",
        "people",
        alpha.alpha,
        ci_low=alpha.ci_low,
        ci_high=alpha.ci_high,
        n=people.item_count,
        method=method,
        reason=alpha.reason,
    )
    for row in people.alpha_by_theme.to_dict("records"):
        yield _estimate(
            "agreement",
            "alpha",
            f"people | {row['theme']}",
            float(row["alpha"]),
            ci_low=float(row["ci_low"]),
            ci_high=float(row["ci_high"]),
            n=int(row["items"]),
            method=method,
            reason=str(row["reason"]),
        )


def _estimate(
    place: str,
    statistic: str,
    subject: str,
    value: float | None,
    *,
    ci_low: float | None = None,
    ci_high: float | None = None,
    n: int | None = None,
    method: str = "",
    reason: str = "",
) -> Estimate:
    return Estimate(STUDY, place, statistic, subject, value, ci_low, ci_high, n=n, method=method, reason=reason)
