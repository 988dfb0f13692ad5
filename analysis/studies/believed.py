"""What each study shows today, in three sentences that its results carry.

A sentence is written from estimates: its numbers, intervals and n are theirs, and it says that something rises, falls
or differs only where the interval says so. It is kept as an estimate itself (place *believed*, statistic *sentence*,
subject 1 to 3): ``method`` holds the words, the value with its interval is the number that the sentence turns on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from analysis.results import Estimate
from analysis.verdicts import Key

PLACE, STATISTIC = "believed", "sentence"
#: An estimate to rest on, and the words that hold its numbers.
Sentence = tuple[Estimate | None, str]


class Found:
    """The estimates of one study by place, statistic and subject."""

    def __init__(self, study: str, estimates: Iterable[Estimate]) -> None:
        self.study = study
        self.by_key: dict[Key, Estimate] = {e.key: e for e in estimates}

    def get(self, place: str, statistic: str, subject: str) -> Estimate | None:
        """One estimate that has a value, or None."""
        found = self.by_key.get((self.study, place, statistic, subject))
        return None if found is None or found.value is None else found

    def of(self, place: str, statistic: str) -> list[Estimate]:
        """All estimates of a place and statistic that have a value."""
        return [e for k, e in self.by_key.items() if k[1:3] == (place, statistic) and e.value is not None]


def believed(study: str, estimates: Iterable[Estimate]) -> list[Estimate]:
    """The sentences of a study; one that its results do not carry has no value and says so."""
    if study not in WRITERS:
        return []
    out = []
    for number, (rests_on, words) in enumerate(WRITERS[study](Found(study, estimates)), start=1):
        row = Estimate(study, PLACE, STATISTIC, str(number), None, reason="the results do not hold what it rests on")
        if rests_on is not None:
            e = rests_on
            row = replace(row, value=e.value, ci_low=e.ci_low, ci_high=e.ci_high, p_value=e.p_value, n=e.n)
            row = replace(row, method=words, reason=f"rests on {e.place} | {e.statistic} | {e.subject}")
        out.append(row)
    return out


# --- numbers in words -------------------------------------------------------------------------------------------------


def is_clear(e: Estimate | None, of: float = 0.0) -> bool:
    """Whether the interval leaves out a value."""
    return e is not None and e.ci_low is not None and e.ci_high is not None and not e.ci_low <= of <= e.ci_high


def _interval(e: Estimate, digits: int, sign: str = "") -> str:
    if e.ci_low is None or e.ci_high is None:
        return f"n = {e.n}"
    low, high = (f"{x:{sign}.{digits}f}" for x in (e.ci_low, e.ci_high))
    return f"95% interval {low} to {high}, n = {e.n}"


def change(e: Estimate | None) -> str:
    """A change in per cent with its interval."""
    if e is None or e.value is None:
        return "not estimable"
    return f"{e.value:+.1f}% ({_interval(e, 1, '+')})"


def rho(e: Estimate | None) -> str:
    """A rank correlation with its interval."""
    return "not estimable" if e is None or e.value is None else f"{e.value:.2f} ({_interval(e, 2)})"


def _counted(estimates: list[Estimate]) -> tuple[int, int]:
    """How many have an adjusted p below .05, and how many there are."""
    known = [e for e in estimates if e.p_adjusted is not None]
    return sum((e.p_adjusted or 0.0) < 0.05 for e in known), len(known)


# --- the studies ------------------------------------------------------------------------------------------------------


def _inspection_impact(found: Found) -> list[Sentence]:
    from analysis.estimators.multiplicity import benjamini_hochberg

    at, later = (found.get("event study", "percent_change", f"all | cpp | Y{y}") for y in (0, 1))
    band = found.get("event study", "percent_change_band", "all | cpp | Y0")
    reach = found.get("parallel trends", "breakdown", "all | cpp | Y0")
    lasting = (
        "neither can be told from nothing"
        if not (is_clear(at) or is_clear(later))
        else "a year on it can no longer be told from nothing"
        if is_clear(at) and not is_clear(later)
        else "a year on it is still clear of nothing"
        if is_clear(at)
        else "the first cannot be told from nothing"
    )
    hedge = (
        f"; with all event years taken together the interval is {band.ci_low:+.1f} to {band.ci_high:+.1f}"
        if (band and band.ci_low is not None and band.ci_high is not None)
        else ""
    )
    if reach and reach.value is not None:
        hedge += (
            f", and it stays clear of zero only while trends part by less than {reach.value:.1f} times what they did "
            "before"
        )
    first = (
        "In the year of the first report under the single framework the rate of child protection plans stands "
        f"{change(at)} from where authorities not yet inspected would have it, a year later {change(later)}: "
        f"{lasting}{hedge}."
    )
    plans, enquiries, spend = (
        found.get("matched comparison", "percent_change", f"inadequate | {m} | Y0")
        for m in ("cpp", "s47_enquiries", "spend_safeguarding")
    )
    later_plans = found.get("matched comparison", "percent_change", "inadequate | cpp | Y2")
    share = found.get("specification curve", "percent significant with the median's sign", "inadequate | cpp | step0")
    second = (
        "Authorities judged inadequate, who are chosen for what is measured, are held against others with the "
        "same three "
        f"years before: section 47 enquiries {change(enquiries)}, child protection plans {change(plans)} and "
        f"spending on "
        f"safeguarding {change(spend)} in that year, plans two years on {change(later_plans)}"
        + (f"; of {share.n} specifications {share.value:.0f}% find the step in plans significant" if share else "")
        + "."
    )
    steps = [
        e for e in found.of("event study", "percent_change") if e.subject.startswith("all |") and "| Y0" in e.subject
    ]
    alone, tested = sum(is_clear(e) for e in steps), len(steps)
    clear = int((benjamini_hochberg([e.p_value for e in steps]) < 0.05).sum()) if steps else 0
    ilacs = found.get("ilacs, event study", "percent_change", "all | cpp | Y0")
    third = (
        f"Of {tested} measures {alone} have an interval clear of zero in the year of the report, and {clear} "
        f"after allowing "
        f"for how many were looked at; under ILACS, since 2018, child protection plans change by {change(ilacs)}"
        f"{'' if is_clear(ilacs) else ', which cannot be told from nothing'}."
    )
    return [(at, first), (plans, second), (ilacs or (steps[0] if steps else None), third)]


def _performance_indicators(found: Found) -> list[Sentence]:
    place = "all ILACS: spearman"
    deprivation = found.get(place, "spearman_rho", "rating x deprivation rank")
    spend = found.get(place, "spearman_rho", "rating x total spend per child")
    clear, tested = _counted([e for e in found.of(place, "spearman_rho") if e.family.endswith("rating x variable")])
    strongest = max(
        (e for e in found.of(place, "spearman_rho") if e.family.endswith("rating x variable")),
        key=lambda e: abs(e.value or 0.0),
        default=None,
    )
    name = strongest.subject.removeprefix("rating x ") if strongest else ""
    better = "better" if strongest and (strongest.value or 0.0) > 0 else "worse"
    first = (
        f"Of {tested} indicators, spending lines and deprivation, {clear} go with the latest ILACS judgement "
        f"after allowing "
        f"for how many were looked at; the strongest is {name}, rank correlation {rho(strongest)}: {better} "
        f"judgements where "
        "there is more of it."
    )
    second = (
        f"Total spend per child and judgement correlate at "
        f"{rho(spend)}{'' if is_clear(spend) else ', which cannot be told from nothing'}"
        f", and {_overlap(found)}."
    )
    then = found.get("spearman", "spearman_rho", "rating x deprivation rank")
    relation = (
        "more deprived authorities are judged worse" if is_clear(deprivation) else "no relation can be told any more"
    )
    apart = "the second is the weaker" if _is_weaker(deprivation, then) else "whether it has changed cannot be told"
    third = (
        f"Deprivation, the paper's best predictor, correlates with the judgement at {rho(then)} in the "
        f"paper's sample and at {rho(deprivation)} in the latest judgement of every authority: "
        f"{relation}; {apart}."
    )
    return [(strongest, first), (spend, second), (deprivation, third)]


def _is_weaker(e: Estimate | None, than: Estimate | None) -> bool:
    """Whether a correlation is nearer to nought than another and their intervals lie apart."""
    known = [x for x in (e, than) if x is not None and x.ci_low is not None and x.ci_high is not None]
    if len(known) < 2 or abs(known[0].value or 0.0) >= abs(known[1].value or 0.0):
        return False
    (low, high), (other_low, other_high) = ((x.ci_low or 0.0, x.ci_high or 0.0) for x in known)
    return high < other_low or other_high < low


def _overlap(found: Found) -> str:
    shares = sorted(e.value or 0.0 for e in found.of("all ILACS: means", "range_overlap"))
    if not shares:
        return "how far the ranges of the two groups overlap is not known"
    parting = sum(share <= 0 for share in shares)
    parts = f"{parting} of {len(shares)} indicators part" if parting else "no indicator by itself parts"
    middle = 100 * shares[len(shares) // 2]
    return (
        f"{parts} the good from the others: the ranges of the two groups overlap by {middle:.0f}% for the median "
        "indicator"
    )


def _inspection_factors(found: Found) -> list[Sentence]:
    place = "completed cycle, table 4"
    rows = found.of(place, "spearman_rho")
    clear, tested = _counted(rows)
    kept = sorted((e for e in rows if (e.p_adjusted or 1.0) < 0.05), key=lambda e: -abs(e.value or 0.0))
    named = ", ".join(f"{e.subject.removeprefix('rating x ')} at {rho(e)}" for e in kept[:3])
    late = (
        " Assessments are late by the limit of their year, which changed in 2013-14." if "assessments" in named else ""
    )
    first = (
        f"Over all judgements under the single framework {clear} of {tested} factors go with the judgement after "
        "allowing for how many were looked at"
        + (
            f"; the strongest correlate with it as follows, negative where more of it goes with worse: {named}."
            if named
            else "."
        )
        + late
    )
    strongest = kept[0] if kept else max(rows, key=lambda e: abs(e.value or 0.0), default=None)
    deprivation, spend = (found.get(place, "spearman_rho", f"rating x {x}") for x in ("deprivation", "spend per child"))
    words = ["" if is_clear(e) else ", which cannot be told from nothing" for e in (deprivation, spend)]
    second = (
        f"Deprivation correlates with the judgement at {rho(deprivation)}{words[0]}, spend per child at "
        f"{rho(spend)}{words[1]}."
    )
    held = found.get("table 4", "spearman_rho", "rating x missing episodes")
    filled = found.get("table 4, imputed", "spearman_rho", "rating x missing episodes")
    whole = found.get(place, "spearman_rho", "rating x missing episodes")
    third = (
        "The paper's strongest finding, that better judged authorities have more looked-after children with a missing "
        f"episode, is {rho(held)} in the authorities that have the figure, {rho(filled)} with the gaps imputed, and "
        f"{rho(whole)} over the completed cycle{'' if is_clear(whole) else ': there it cannot be told from nothing'}."
    )
    return [(strongest, first), (deprivation, second), (whole, third)]


def _inadequate_prediction(found: Found) -> list[Sentence]:
    def area(place: str) -> Estimate | None:
        e, se = (found.get(place, s, "predictions") for s in ("auc", "auc_se"))
        if e is None or se is None or e.value is None or se.value is None:
            return e
        half = 1.959963984540054 * se.value
        return replace(e, ci_low=max(e.value - half, 0.0), ci_high=min(e.value + half, 1.0))

    def words(e: Estimate | None) -> str:
        if e is None or e.value is None:
            return "not estimable"
        chance = "" if is_clear(e, 0.5) else ", no better than chance for all that can be told"
        return f"{e.value:.2f} ({_interval(e, 2)}{chance})"

    then, sif, ilacs = (area(f"nested cross-validation | {x}") for x in ("2012", "SIF", "ILACS"))
    ahead = area("temporal hold-out | held out, ILACS")
    first = (
        "Published indicators of the year before tell an authority that will be judged inadequate from one that will "
        "not with an area under the curve, outside the authorities it was fitted on, of "
        f"{words(then)} in 2012 and 2013, {words(sif)} under the single framework and {words(ilacs)} under ILACS; 0.5 "
        "is chance."
    )
    second = (
        "Fitted on the single framework and held against ILACS, which it has not seen, the model reaches "
        f"{words(ahead)}."
    )
    caught, early = (_of_the_inadequate(found, f"elastic net | {x}") for x in ("ILACS", "2012"))
    few = all(e is not None and e.ci_high is not None and e.ci_high < 50 for e in (caught, early))
    third = (
        f"At even odds it would have named {_percent(early)} of the authorities judged inadequate in 2012 and 2013, "
        f"and {_percent(caught)} of those under ILACS, held out"
        f"{': it misses more than half of them, and is no early warning' if few else ''}."
    )
    return [(sif, first), (ahead, second), (caught, third)]


def _of_the_inadequate(found: Found, place: str) -> Estimate | None:
    """The share of the authorities judged inadequate that a model names, held out, with Wilson's interval."""
    share, inadequate = (found.get(place, s, "model") for s in ("held_out_sensitivity_pct", "n_inadequate"))
    if share is None or inadequate is None:
        return None
    return _wilson(replace(share, n=int(inadequate.value or 0)))


def _wilson(e: Estimate | None) -> Estimate | None:
    """A share in per cent with Wilson's interval."""
    if e is None or e.value is None or not e.n:
        return e
    z, n, p = 1.959963984540054, e.n, e.value / 100
    middle = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * (p * (1 - p) / n + z**2 / (4 * n**2)) ** 0.5
    return replace(e, ci_low=100 * (middle - half), ci_high=100 * (middle + half))


def _percent(e: Estimate | None) -> str:
    return "not known" if e is None or e.value is None else f"{e.value:.0f}% ({_interval(e, 0)})"


def _report_themes(found: Found) -> list[Sentence]:
    shares = [
        e
        for e in found.of("shares of reports", "percent")
        if not e.subject.startswith("category:")
        and " | " not in e.subject
        and e.subject != "performance management named"
    ]
    top = sorted(shares, key=lambda e: -(e.value or 0.0))[:3]
    told = ", ".join(f"{_name(e)} in {_percent(_wilson(e))}" for e in top)
    first = f"Inspectors ask for these most, by the share of reports with at least one such recommendation: {told}."
    named = _wilson(found.get("shares of reports", "percent", "performance management named"))
    second = (
        f"Performance management is named in a recommendation to the authority in {_percent(named)} of the reports."
    )
    differences = []
    for e in found.of("shares of reports", "percent"):
        base, _, group = e.subject.partition(" | judgement | ")
        if group == "inadequate" and not base.startswith("category:"):
            other = found.get("shares of reports", "percent", f"{base} | judgement | not inadequate")
            if other is not None:
                differences.append(((e.value or 0.0) - (other.value or 0.0), _wilson(e), _wilson(other), base))
    widest = max(differences, key=lambda d: d[0], default=None)
    third = ""
    if widest is not None:
        theme = widest[3].replace("_", " ")
        one, other = widest[1], widest[2]
        apart = one and other and one.ci_low is not None and other.ci_high is not None and one.ci_low > other.ci_high
        third = (
            f"What most sets reports of inadequate authorities apart is {theme}: {_percent(one)} of them against "
            f"{_percent(other)} of the others{'' if apart else ' (the intervals overlap)'}; the coding is that "
            f"of rules, which "
            "people have still to confirm."
        )
    return [(_wilson(top[0]) if top else None, first), (named, second), (widest[1] if widest else None, third)]


def _name(e: Estimate) -> str:
    return e.subject.replace("_", " ")


def _value_added(found: Found) -> list[Sentence]:
    one = found.get("variance", "reliability_of_one_rating", "score")
    between, within = (found.get("variance", f"sd_between_{x}", "score") for x in ("authorities", "inspections"))
    clear = found.get("value added", "n", "authorities whose interval leaves out zero")
    one = _reliability(one, clear.n if clear else None)
    first = (
        f"Of what one judgement shows beyond deprivation, spending of the year before and demand, "
        f"{_share_of(one)} "
        f"lasts to the next inspection (standard deviation {_number(between)} points between authorities, "
        f"{_number(within)} "
        f"between inspections of one, n = {one.n})."
        if one
        else ""
    )
    kept = found.get("check", "n", "clear of zero after Benjamini and Hochberg")
    second = (
        f"{clear.value:.0f} of {clear.n} authorities have an interval that leaves out what one would expect of "
        f"them, and "
        f"{_number(kept, 0)} after allowing for how many are looked at: chance could explain the rest, and a "
        f"rank is no "
        "verdict."
        if clear and clear.value is not None
        else ""
    )
    spend = found.get("check", "spearman_rho", "with x without spend")
    third = (
        "Spending may follow a judgement as well as go before it; without spending among the circumstances the ratings "
        f"correlate with these at {rho(spend)}."
    )
    return [(one, first), (clear, second), (spend, third)]


def _odds(e: Estimate | None) -> str:
    """An odds ratio with its interval, and whether it can be told from one."""
    if e is None or e.value is None:
        return "not estimable"
    return f"{e.value:.2f} ({_interval(e, 2)}{'' if is_clear(e, 1.0) else ', which cannot be told from no difference'})"


def _spending_and_judgement(found: Found) -> list[Sentence]:
    name = "preventative spending"
    model = found.get("model", "odds_ratio", name)
    points = found.get("marginal effect", "percentage_points", "£100 a child more on prevention")
    difference = f", {points.value:+.0f} points of probability ({_interval(points, 0, '+')})" if points else ""
    first = (
        "Where £100 a child more goes to prevention the odds of a judgement of good or better, deprivation and "
        f"spending on safeguarding being equal, are multiplied by {_odds(model)}{difference}: what goes together, not "
        "what causes what."
    )
    sif, ilacs = (
        found.get("frameworks apart", "odds_ratio", f"{x}, first inspections | {name}") for x in ("SIF", "ILACS")
    )
    lowest, highest = (found.get("multiverse", "odds_ratio", x) for x in ("lowest", "highest"))
    clear = found.get("multiverse", "percent", "above one, interval leaves out one")
    second = f"First inspections under the single framework give {_odds(sif)}, under ILACS {_odds(ilacs)}"
    if lowest and highest and clear:
        second += (
            f"; over all frameworks of 2010 to 2019, {lowest.n} combinations of choices give {lowest.value:.2f} to "
            f"{highest.value:.2f}, {clear.value:.0f}% of them with an interval above one"
        )
    between, within = (
        found.get("within and between", "odds_ratio", f"2011-2019 | {name}, {x} authorities")
        for x in ("between", "within")
    )
    better = is_clear(between, 1.0) and between is not None and (between.value or 0.0) > 1
    third = (
        f"Authorities that spend more than others are judged better (odds multiplied by {_odds(between)}); whether one "
        f"is judged better when it comes to spend more than before is another question: {_odds(within)}."
        if better
        else f"Between authorities the odds are multiplied by {_odds(between)}, within one over time by "
        f"{_odds(within)}."
    )
    return [(model, first), (ilacs, second + "."), (within, third)]


def _reliability(one: Estimate | None, authorities: int | None) -> Estimate | None:
    """The share of variance between authorities with the interval of a one-way analysis of variance (Searle)."""
    from scipy.special import fdtri

    if one is None or one.value is None or not one.n or not authorities or one.n <= authorities or one.value >= 1:
        return one
    each, within = one.n / authorities, one.n - authorities
    ratio = 1 + each * one.value / (1 - one.value)
    low, high = ratio / fdtri(authorities - 1, within, 0.975), ratio * fdtri(within, authorities - 1, 0.975)
    return replace(one, ci_low=max((low - 1) / (low - 1 + each), 0.0), ci_high=(high - 1) / (high - 1 + each))


def _share_of(e: Estimate | None) -> str:
    """A share of one in per cent with its interval."""
    if e is None or e.value is None or e.ci_low is None or e.ci_high is None:
        return "an unknown share"
    return f"{100 * e.value:.0f}% (95% interval {100 * e.ci_low:.0f} to {100 * e.ci_high:.0f})"


def _number(e: Estimate | None, digits: int = 2) -> str:
    return "not known" if e is None or e.value is None else f"{e.value:.{digits}f}"


WRITERS: dict[str, Callable[[Found], list[Sentence]]] = {
    "inspection_impact": _inspection_impact,
    "performance_indicators": _performance_indicators,
    "inspection_factors": _inspection_factors,
    "inadequate_prediction": _inadequate_prediction,
    "report_themes": _report_themes,
    "value_added": _value_added,
    "spending_and_judgement": _spending_and_judgement,
}
