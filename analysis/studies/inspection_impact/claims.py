"""The paper's statements as tests of the fitted stages, since its tables are printed as images.

A part of a statement scores 1 when the estimate has the stated sign and its own 95% interval, with errors clustered by
authority, excludes zero; 0.5 when only the sign is right; 0 otherwise. A part that says *nothing happened* scores 1
when the interval includes zero, else 0. The value of a claim is the mean over its parts. The paper's model-based errors
are two to four times too small on these data; how many parts hold with them is said beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from analysis.estimators.mixed_poisson import Errors, MixedPoissonFit

ALL, GOOD, RI, BAD = "all", "good_or_outstanding", "requires_improvement", "inadequate"
Fits = Mapping[tuple[str, str], MixedPoissonFit]
_BOTH: tuple[Errors, Errors] = ("robust", "model")


@dataclass(frozen=True)
class Term:
    """A multiple of one stage's coefficient in one fit."""

    measure: str
    stratum: str
    stage: str
    weight: float = 1.0


@dataclass(frozen=True)
class Part:
    """A sum of terms that a statement says is positive, or, with ``flat``, that it says is nothing."""

    words: str
    terms: tuple[Term, ...]
    flat: bool = False

    def score(self, fits: Fits, errors: Errors = "robust") -> float | None:
        """0, 0.5 or 1; None where a fit is missing."""
        value = variance = critical = 0.0
        by_fit: dict[tuple[str, str], list[Term]] = {}
        for term in self.terms:
            by_fit.setdefault((term.measure, term.stratum), []).append(term)
        for key, terms in by_fit.items():
            fit = fits.get(key)
            if fit is None or not fit.ok or any(t.stage not in fit.names for t in terms):
                return None
            places = [fit.names.index(t.stage) for t in terms]
            weights = [t.weight for t in terms]
            cov = fit.cov(errors)
            critical = max(critical, fit.critical_value(errors=errors))
            value += sum(w * fit.coef[i] for w, i in zip(weights, places, strict=True))
            variance += sum(
                a * b * cov[i, j]
                for a, i in zip(weights, places, strict=True)
                for b, j in zip(weights, places, strict=True)
            )
        if not (variance > 0 and value == value):
            return None
        clear = abs(value) > critical * variance**0.5
        if self.flat:
            return 0.0 if clear else 1.0
        return (1.0 if clear else 0.5) if value > 0 else 0.0


def up(measure: str, stratum: str, stage: str) -> Part:
    """The stage is a rise."""
    return Part(f"{measure} {_short(stratum)} {stage} up", (Term(measure, stratum, stage),))


def down(measure: str, stratum: str, stage: str) -> Part:
    """The stage is a fall."""
    return Part(f"{measure} {_short(stratum)} {stage} down", (Term(measure, stratum, stage, -1.0),))


def flat(measure: str, stratum: str, stage: str) -> Part:
    """The stage is nothing."""
    return Part(f"{measure} {_short(stratum)} {stage} flat", (Term(measure, stratum, stage),), flat=True)


def above(measure: str, stratum: str, stage: str, other: str) -> Part:
    """One stage lies above another of the same fit."""
    words = f"{measure} {_short(stratum)} {stage} above {other}"
    return Part(words, (Term(measure, stratum, stage), Term(measure, stratum, other, -1.0)))


def more(measure: str, stage: str, stratum: str, other: str) -> Part:
    """A stage in one stratum lies above that in another."""
    words = f"{measure} {stage} {_short(stratum)} above {_short(other)}"
    return Part(words, (Term(measure, stratum, stage), Term(measure, other, stage, -1.0)))


def spike(measure: str, stratum: str) -> list[Part]:
    """Discontinuities a and b: a rise at Y0 above the trend, and a fall at Y1."""
    return [
        up(measure, stratum, "step0"),
        above(measure, stratum, "step0", "pre"),
        down(measure, stratum, "step1"),
    ]


def _short(stratum: str) -> str:
    return {ALL: "(all)", GOOD: "(good+)", RI: "(RI)", BAD: "(inadequate)"}[stratum]


def _for(measures: tuple[str, ...], make: Callable[[str], list[Part]]) -> list[Part]:
    return [part for m in measures for part in make(m)]


CP = ("s47_enquiries", "icpc", "cpp")
TIMELY = ("assessments_on_time", "icpc_on_time")

#: Subject of the printed statement → its parts.
CLAIMS: dict[str, list[Part]] = {
    "CP enquiries s47, CP conferences, CP plans": [
        *_for(CP, lambda m: [up(m, ALL, "pre"), *spike(m, ALL)]),
        *(Part(f"{m} (all) pre above that of cin", (Term(m, ALL, "pre"), Term("cin", ALL, "pre", -1.0))) for m in CP),
    ],
    "CIN rate": [*spike("cin", ALL), down("cin", ALL, "post")],
    "Section 20 accommodated": [
        up("section_20", ALL, "pre"),
        above("section_20", ALL, "pre", "step0"),
        down("section_20", ALL, "step1"),
        down("section_20", ALL, "post"),
    ],
    "care orders": [
        Part(
            "care_orders (all) step0 not above pre",
            (Term("care_orders", ALL, "pre"), Term("care_orders", ALL, "step0", -1.0)),
        ),
        above("care_orders", ALL, "pre", "post"),
        down("care_orders", GOOD, "step0"),
        down("care_orders", GOOD, "step1"),
        up("care_orders", GOOD, "post"),
    ],
    "CIN cease <3 months": [
        down("cin_ceased_3m", ALL, "pre"),
        *spike("cin_ceased_3m", ALL),
        down("cin_ceased_3m", ALL, "post"),
        up("cin_ceased_3m", BAD, "step1"),
    ],
    "CP plans cease <6 months": [
        up("cpp_ceased_6m", ALL, "pre"),
        down("cpp_ceased_6m", ALL, "step1"),
        up("cpp_ceased_6m", ALL, "post"),
        up("cpp_ceased_6m", BAD, "pre"),
        up("cpp_ceased_6m", BAD, "step0"),
    ],
    "timescales": [
        *_for(TIMELY, lambda m: [up(m, ALL, "pre"), down(m, ALL, "post")]),
        *_for(TIMELY, lambda m: [down(m, BAD, "step0"), up(m, BAD, "step1")]),
        Part(
            "icpc_on_time (inadequate) step1 above that of assessments",
            (Term("icpc_on_time", BAD, "step1"), Term("assessments_on_time", BAD, "step1", -1.0)),
        ),
    ],
    "re-referrals": [
        flat("rereferrals", ALL, "step0"),
        flat("rereferrals", ALL, "step1"),
        up("rereferrals", GOOD, "step0"),
    ],
    "repeat CP plans": [
        down("cpp_repeat", ALL, "step0"),
        down("cpp_repeat", ALL, "step1"),
        up("cpp_repeat", ALL, "post"),
    ],
    "spend children's safety": [
        *spike("spend_safeguarding", ALL),
        more("spend_safeguarding", "step0", BAD, GOOD),
        more("spend_safeguarding", "step0", BAD, RI),
    ],
    "spend Early Help": [
        *spike("spend_early_help", ALL),
        down("spend_early_help", ALL, "post"),
        up("spend_early_help", BAD, "step0"),
        up("spend_early_help", BAD, "step1"),
    ],
    "spend CLA": [
        up("spend_cla", ALL, "pre"),
        down("spend_cla", ALL, "step0"),
        down("spend_cla", ALL, "step1"),
        up("spend_cla", ALL, "post"),
        up("spend_cla", BAD, "step1"),
    ],
    "total C&YP spend": [
        down("spend_total", GOOD, "step0"),
        down("spend_total", GOOD, "step1"),
        up("spend_total", BAD, "step0"),
        up("spend_total", BAD, "step1"),
    ],
    "CIN per social worker": [
        down("cin_per_social_worker", ALL, "pre"),
        *spike("cin_per_social_worker", ALL),
        flat("cin_per_social_worker", ALL, "post"),
    ],
    "vacancy rate": [
        up("vacancy", ALL, "pre"),
        *spike("vacancy", ALL),
        down("vacancy", ALL, "post"),
        up("vacancy", BAD, "step0"),
        up("vacancy", BAD, "step1"),
    ],
    "agency rate": [
        up("agency", ALL, "pre"),
        up("agency", ALL, "step0"),
        up("agency", ALL, "step1"),
        down("agency", ALL, "post"),
        down("agency", GOOD, "step0"),
        up("agency", BAD, "step0"),
        up("agency", BAD, "step1"),
    ],
    "CIN (Inadequate)": [
        up("cin", BAD, "step0"),
        up("cin", BAD, "step1"),
        down("cin", BAD, "post"),
    ],
    # At Y3 the path must still lie above that of Y-1: the two steps and two years of the slope after.
    "CP investigations and plans (Inadequate)": [
        Part(
            f"{m} (inadequate) Y3 above Y-1",
            (Term(m, BAD, "step0"), Term(m, BAD, "step1"), Term(m, BAD, "post", 2.0)),
        )
        for m in ("s47_enquiries", "cpp")
    ],
}


@dataclass(frozen=True)
class Judged:
    """A claim held against the fits: share of its parts that hold, in how many parts, and which do not."""

    value: float | None
    parts: int
    words: str


def judge(parts: list[Part], fits: Fits) -> Judged:
    """Score a claim; the words name what holds by sign only, what does not, and what model-based errors say."""
    scores = [(p, p.score(fits)) for p in parts]
    known = [(p, s) for p, s in scores if s is not None]
    if not known:
        return Judged(None, len(parts), "no fit to judge it by")
    holding, narrow = (sum(p.score(fits, errors) == 1.0 for p in parts) for errors in _BOTH)
    said = [f"{holding} of {len(parts)} parts hold with clustered errors, {narrow} with the paper's model-based ones"]
    for label, score in (("sign only", 0.5), ("not so", 0.0)):
        named = [p.words for p, s in known if s == score]
        if named:
            said.append(f"{label}: {', '.join(named)}")
    unknown = [p.words for p, s in scores if s is None]
    if unknown:
        said.append(f"not estimable: {', '.join(unknown)}")
    return Judged(sum(s or 0.0 for _, s in scores) / len(parts), len(parts), "; ".join(said))
