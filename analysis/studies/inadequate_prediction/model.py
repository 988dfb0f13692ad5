"""Study 004: how quality measures move, relate, and foretell an inadequate judgement.

The paper's years end with the return of 2013/14. Its "2012" is read as 2012/13: it scores "2010/11 to 2012/13", and its
workforce return begins with that year. The same model on 2011/12 is given beside it. Later cycles: the first SIF and
the first ILACS inspection of every authority, with the measures of the year before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analysis.results import Estimate
from analysis.studies.inadequate_prediction import tables as t
from analysis.studies.inadequate_prediction.panel import (
    STUDY,
    cycle,
    judged_inadequate,
    labels_of,
    read_inspections,
    read_panel,
)
from analysis.studies.replication import as_printed, marts_of_the_day

if TYPE_CHECKING:
    import pandas as pd

    from analysis.marts import Marts
    from analysis.studies.spec import Choices, Spec

SEED = 2012


def run(marts: Marts, spec: Spec, choices: Choices) -> list[Estimate]:
    """All estimates of the study on a warehouse; with a framework of its own, that cycle alone."""
    labels = labels_of(spec.variables)
    panel = read_panel(marts, list(labels), choices.deflator, int(spec.variables["base_year"]))
    inspections = read_inspections(marts)
    if choices.framework != spec.pins["framework"]:
        frame = cycle(panel, inspections, choices.framework)
        return cycle_rows(frame, spec, choices.framework.upper(), list(spec.variables["cycle_and_workforce"]))
    first, last = (int(year) for year in choices.window.split(":"))
    years = range(first, last + 1)
    out = [
        t.row("sample", "n", "LAs", float(panel.loc[panel["year"].isin(years), "la_code"].nunique()), method="any year")
    ]
    out += t.medians(panel, labels, years, list(spec.variables["timeliness"]))
    out += national_rereferrals(marts, spec)
    first, last = (int(year) for year in spec.pins["correlations"].split(":"))
    shown = range(first, last + 1) if choices.window == spec.pins["window"] else years
    out += correlations(panel, spec, shown)
    out += of_2012(panel, inspections, spec)
    if choices.window == spec.pins["window"]:
        out += replication(marts, spec, choices, years, shown)
    before, after = (cycle(panel, inspections, framework) for framework in ("sif", "ilacs"))
    shared, more = list(spec.variables["cycle"]), list(spec.variables["cycle_and_workforce"])
    out += cycle_rows(before, spec, "SIF", shared) + cycle_rows(after, spec, "ILACS", more)
    return out + t.hold_out(before, after, shared, SEED)


def replication(marts: Marts, spec: Spec, choices: Choices, years: range, shown: range) -> list[Estimate]:
    """Medians and persistent pairs from the editions of the paper's day; its model cannot be tested with any."""
    then = marts_of_the_day(marts, STUDY)
    if then is None:
        return []
    labels = labels_of(spec.variables)
    panel = read_panel(then, list(labels), choices.deflator, int(spec.variables["base_year"]))
    out = list(t.medians(panel, labels, years, list(spec.variables["timeliness"])))
    return as_printed(spec, [*out, *correlations(panel, spec, shown)])


def national_rereferrals(marts: Marts, spec: Spec) -> list[Estimate]:
    """England's re-referrals: what is cited of the years before the returns held, and the highest share after."""
    cited = {int(year): float(share) for year, share in spec.variables["rereferrals_before_2009"].items()}
    rows = marts.england(["rereferrals_pct"])
    rows = rows[rows["year"].between(2011, 2014)]
    shown = ", ".join(f"{year} {share:g}" for year, share in cited.items())
    return [
        t.row("context", "percent", "re-referrals before 2009", float(np.mean(list(cited.values()))), method=shown),
        t.row(
            "context",
            "percent",
            "highest re-referrals after 2010",
            rows["value"].max() if len(rows) else None,
            method="England, 2010/11 to 2013/14",
            reason="" if len(rows) else "England's re-referrals of these years are not held",
        ),
    ]


def correlations(panel: pd.DataFrame, spec: Spec, years: range) -> list[Estimate]:
    """Figure 3 and its text: persistent pairs in the paper's years, workforce in the first years held."""
    v, labels = spec.variables, labels_of(spec.variables)
    # Measures without a figure in these years have said so once, with their medians.
    mine = panel[panel["year"].isin(years)]
    held = {m: label for m, label in labels.items() if mine[m].notna().any()}
    signs = t.persistent_signs(panel, held, years, int(v["years_needed"]), "figure 3")
    work = {m: labels[m] for m in ("rereferrals_pct", *v["workforce"])}
    later = range(*(int(y) for y in v["workforce_years"]))
    out = list(signs.values())
    out += t.persistent_signs(panel, work, later, int(v["workforce_years_needed"]), "figure 3, workforce").values()
    quantity = [*v["quantity"], "imd_2015_average_score"]
    out.append(t.share_unrelated(signs, "timeliness x quantity or deprivation", list(v["timeliness"]), quantity))
    out.append(t.share_unrelated(signs, "prior CP plan x any other", ["cpp_repeat_pct"], list(labels)))
    return out


def of_2012(panel: pd.DataFrame, inspections: pd.DataFrame, spec: Spec) -> list[Estimate]:
    """Tables 2 and 3: the model of the year pinned (and of the year before it), then groups A and B."""
    v, labels = spec.variables, labels_of(spec.variables)
    year, predictors = int(spec.pins["model_year"]), list(v["predictors"])
    out: list[Estimate] = []
    fits = {}
    for base, name in ((year, "2012"), (year - 1, "2012 read as 2011/12")):
        frame = panel[panel["year"] == base]
        y = frame["la_code"].isin(judged_inadequate(inspections, base, base + 1)).to_numpy(dtype=float)
        fits[base] = t.elastic_net(y, frame, predictors, SEED)
        out += t.model_rows(fits[base], labels, name)
        if base == year:
            out += t.nested(y, frame, predictors, name, SEED)
    fit = fits[year]
    at = panel[panel["year"] == year]
    judged = at["la_code"].isin(judged_inadequate(inspections, year, year + 1))
    out += t.imputed(judged.to_numpy(dtype=float), at, fit, predictors, labels, SEED)
    if not fit.ok or not np.any(fit.coef[1:]):
        reason = fit.reason or "the model kept no predictor, so it predicts no one"
        return [*out, t.row("groups", "n", "predicted inadequate", None, reason=reason)]
    window = (year - 2, year)
    scores = t.scored(panel, fit, range(window[0], window[1] + 1))
    table_3 = {m: labels[m] for m in v["table_3"]}
    matched = t.cut_for(scores, int(v["groups_of"]))
    for cut, name in ((0.5, "above .5"), (matched, "as many as printed")):
        predicted = t.first_predicted(scores, cut)
        out += t.groups(panel, inspections, predicted, table_3, window, name)
    return [*out, t.row("groups", "cut", "as many as printed", matched, method="probability that gives the printed 28")]


def cycle_rows(frame: pd.DataFrame, spec: Spec, name: str, predictors: list[str]) -> list[Estimate]:
    """The elastic net on the first inspections of a framework, with nested cross-validation."""
    labels = labels_of(spec.variables)
    if frame.empty:
        return [t.row(f"elastic net | {name}", "n_inadequate", "model", None, reason=f"no first {name} inspection")]
    y = frame["is_inadequate"].to_numpy(dtype=float)
    out = t.model_rows(t.elastic_net(y, frame, predictors, SEED), labels, name)
    return out + t.nested(y, frame, predictors, name, SEED)
