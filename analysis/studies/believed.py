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
        f", and no indicator by itself parts the good from the others: {_overlap(found)}."
    )
    then = found.get("spearman", "spearman_rho", "rating x deprivation rank")
    weaker = is_clear(then) and abs((deprivation.value if deprivation else 0.0) or 0.0) < abs(
        (then.value if then else 0.0) or 0.0
    )
    relation = (
        "more deprived authorities are judged worse" if is_clear(deprivation) else "no relation can be told any more"
    )
    third = (
        f"Deprivation, the paper's best predictor, correlates with the judgement at {rho(then)} in its 47 "
        f"authorities and at "
        f"{rho(deprivation)} in the latest judgement of every authority: "
        f"{relation}{', but less so' if weaker and is_clear(deprivation) else ''}."
    )
    return [(strongest, first), (spend, second), (deprivation, third)]


def _overlap(found: Found) -> str:
    shares = sorted(e.value or 0.0 for e in found.of("all ILACS: means", "range_overlap"))
    if not shares:
        return "how far the ranges of the two groups overlap is not known"
    return f"the ranges of the two groups overlap by {100 * shares[len(shares) // 2]:.0f}% for the median indicator"


def _inspection_factors(found: Found) -> list[Sentence]:
    place = "completed cycle, table 4"
    rows = found.of(place, "spearman_rho")
    clear, tested = _counted(rows)
    late = [
        found.get(place, "spearman_rho", f"rating x {x}")
        for x in ("CP reviews overdue", "ICPC overdue", "assessments overdue")
    ]
    first = (
        f"Over all judgements under the single framework {clear} of {tested} factors go with the judgement "
        f"after allowing "
        f"for how many were looked at: reviews of child protection plans overdue correlate with it at "
        f"{rho(late[0])}, initial "
        f"conferences overdue at {rho(late[1])}, assessments overdue at {rho(late[2])}; negative is worse "
        f"judgement where "
        "more is late."
    )
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
    return [(late[0], first), (deprivation, second), (whole, third)]


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
    caught = found.get("elastic net | ILACS", "held_out_sensitivity_pct", "model")
    early = found.get("elastic net | 2012", "held_out_sensitivity_pct", "model")
    few = max((e.value or 0.0 for e in (caught, early) if e), default=100.0) < 50
    third = (
        f"At even odds it would have named {_share(early)} of the authorities judged inadequate in 2012 and 2013, and "
        f"{_share(caught)} of those under ILACS, held out"
        f"{': the indicators are no early warning of an inadequate judgement' if few else ''}."
    )
    return [(sif, first), (ahead, second), (caught, third)]


def _share(e: Estimate | None) -> str:
    return "an unknown share" if e is None or e.value is None else f"{e.value:.0f}%"


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
    first = (
        f"Of what one judgement shows beyond deprivation, spending of the year before and demand, "
        f"{100 * (one.value or 0):.0f}% "
        f"lasts to the next inspection (standard deviation {_number(between)} points between authorities, "
        f"{_number(within)} "
        f"between inspections of one, n = {one.n})."
        if one
        else ""
    )
    clear = found.get("value added", "n", "authorities whose interval leaves out zero")
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
        "Spending follows a judgement as well as going before it; without spending among the circumstances the ratings "
        f"correlate with these at {rho(spend)}."
    )
    return [(one, first), (clear, second), (spend, third)]


def _number(e: Estimate | None, digits: int = 2) -> str:
    return "not known" if e is None or e.value is None else f"{e.value:.{digits}f}"


WRITERS: dict[str, Callable[[Found], list[Sentence]]] = {
    "inspection_impact": _inspection_impact,
    "performance_indicators": _performance_indicators,
    "inspection_factors": _inspection_factors,
    "inadequate_prediction": _inadequate_prediction,
    "report_themes": _report_themes,
    "value_added": _value_added,
}
