"""The synthetic England itself: children, need, plans, care, staff and money, by authority and year.

Everything is drawn at the level of pieces (see :mod:`flows.sample.places`) as whole numbers and summed to authorities,
so parts add up to totals, numerators never exceed denominators, flows explain stocks and changes of boundaries conserve
counts. Arrays are ``[authority, year]`` with :data:`flows.sample.places.YEARS`; where an authority did not exist they
hold NaN. All magnitudes are parameters of this module; none is taken from a return.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flows.sample.effects import effect_of
from flows.sample.inspections import Inspection, draw_inspections
from flows.sample.places import FIRST_YEAR, TINY, YEARS, Places

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray

#: Deprivation (mean score) of a region's authorities.
_REGION_DEPRIVATION = {
    "North East": 27,
    "North West": 27,
    "Yorkshire and The Humber": 25,
    "East Midlands": 21,
    "West Midlands": 25,
    "East of England": 18,
    "London": 25,
    "South East": 15,
    "South West": 18,
}
#: Children aged 0-17 of a typical authority, by the first letters of its ONS code.
_TYPICAL_CHILDREN = {"E10": 150_000, "E09": 59_000, "E08": 68_000, "E06": 41_000}
_FEW_CHILDREN = {"201": 900.0, "420": 380.0, "christchurch": 8_300.0}

#: share of the whole → shares of its parts, for splits of one count into several
CIN_DURATIONS = (0.33, 0.14, 0.17, 0.15, 0.21)
CPP_DURATIONS = (0.20, 0.13, 0.36, 0.26, 0.05)
#: numerator → (denominator, mean share, spread on the log-odds scale, what a standard deviation of deprivation adds)
SHARES: dict[str, tuple[str, float, float, float]] = {
    "rereferrals": ("referrals", 0.21, 0.20, 0.05),
    "referred_more_than_once": ("referrals", 0.12, 0.20, 0.05),
    "referrals_nfa": ("referrals", 0.12, 0.45, 0.0),
    "referrals_not_in_need": ("referrals", 0.25, 0.30, 0.0),
    "cin_open_2_years": ("cin", 0.31, 0.20, 0.0),
    "cpp_open_2_years": ("cpp", 0.03, 0.35, 0.0),
    "cpp_open_3_months": ("cpp", 0.69, 0.10, 0.0),
    "cpp_reviewed": ("cpp_open_3_months", 0.94, 0.35, 0.0),
    "cpp_repeat": ("cpp_started", 0.19, 0.22, 0.03),
    "initial_within_7": ("initial", 0.66, 0.35, 0.0),
    "initial_7_to_10": ("initial_after_7", 0.35, 0.20, 0.0),
    "core_on_time": ("core", 0.74, 0.35, 0.0),
    "icpc_on_time": ("icpc", 0.76, 0.40, 0.0),
    "section_20": ("cla", 0.23, 0.30, -0.05),
    "care_order_interim": ("cla_ordered", 0.14, 0.20, 0.0),
    "care_order_full": ("cla_ordered_rest", 0.86, 0.12, 0.0),
    "started_section_20": ("cla_started", 0.54, 0.25, 0.0),
    "missing": ("cla_during", 0.105, 0.30, 0.08),
    "away": ("cla_during", 0.03, 0.40, 0.0),
    "three_placements": ("cla", 0.10, 0.20, 0.0),
    "long_enough": ("cla", 0.36, 0.10, 0.0),
    "stable": ("long_enough", 0.68, 0.15, 0.0),
    "far": ("cla", 0.17, 0.35, 0.0),
    "far_outside": ("far", 0.80, 0.30, 0.0),
    "cla_12": ("cla", 0.71, 0.08, 0.0),
    "health": ("cla_12", 0.87, 0.50, 0.0),
    "dental": ("cla_12", 0.82, 0.50, 0.0),
    "immunised": ("cla_12", 0.86, 0.50, 0.0),
    "under_5": ("cla_12", 0.15, 0.12, 0.0),
    "developed": ("under_5", 0.86, 0.50, 0.0),
    "substance": ("cla_12", 0.042, 0.30, 0.0),
    "substance_treated": ("substance", 0.48, 0.40, 0.0),
    "aged_10": ("cla_12", 0.64, 0.08, 0.0),
    "convicted": ("aged_10", 0.045, 0.30, 0.05),
    "with_sdq": ("cla_12", 0.58, 0.20, 0.0),
    "sdq_concern": ("with_sdq", 0.38, 0.15, 0.0),
    "leavers_19": ("cla", 0.10, 0.12, 0.0),
    "leavers_19_neet": ("leavers_19", 0.34, 0.22, 0.05),
    "leavers_19_custody": ("leavers_19", 0.035, 0.30, 0.0),
    "leavers": ("cla", 0.37, 0.12, 0.0),
    "leavers_neet": ("leavers", 0.39, 0.20, 0.05),
    "leavers_eet": ("leavers_not_neet", 0.85, 0.20, 0.0),
    "leavers_unsuitable": ("leavers", 0.065, 0.35, 0.0),
    "leavers_suitable": ("leavers_not_unsuitable", 0.92, 0.25, 0.0),
    "leavers_custody": ("leavers_unsuitable", 0.45, 0.30, 0.0),
    "cin_pupils": ("cin", 0.58, 0.06, 0.0),
    "cla_pupils": ("cla_12", 0.66, 0.06, 0.0),
    "cin_persistent": ("cin_pupils", 0.31, 0.15, 0.05),
    "cla_persistent": ("cla_pupils", 0.11, 0.20, 0.0),
    "cla_persistent_until_2012": ("cla_pupils", 0.075, 0.20, 0.0),
    "cin_suspended": ("cin_pupils", 0.09, 0.20, 0.0),
    "cla_suspended": ("cla_pupils", 0.105, 0.20, 0.0),
    "cin_sen": ("cin_pupils", 0.25, 0.12, 0.0),
    "cla_sen": ("cla_pupils", 0.29, 0.12, 0.0),
    "cin_ks2": ("cin_pupils", 0.075, 0.06, 0.0),
    "cla_ks2": ("cla_pupils", 0.085, 0.06, 0.0),
    "cin_ks4": ("cin_pupils", 0.085, 0.06, 0.0),
    "cla_ks4": ("cla_pupils", 0.14, 0.06, 0.0),
    **{
        f"{g}_ks2_{s}": (f"{g}_ks2", p, 0.15, -0.05)
        for g in ("cin", "cla")
        for s, p in (("reading", 0.47), ("writing", 0.44), ("maths", 0.43), ("rwm", 0.32), ("gps", 0.42))
    },
    "cla_level_4_english_maths": ("cla_ks2", 0.42, 0.15, -0.05),
    "cla_level_4_rwm": ("cla_ks2", 0.45, 0.15, -0.05),
    "cin_em_4": ("cin_ks4", 0.18, 0.18, -0.05),
    "cla_em_4": ("cla_ks4", 0.18, 0.18, -0.05),
    "cin_em_5": ("cin_em_4", 0.45, 0.15, 0.0),
    "cla_em_5": ("cla_em_4", 0.45, 0.15, 0.0),
    "cla_gcse_5": ("cla_ks4", 0.31, 0.18, -0.05),
}
#: What is left of a whole once a part is taken: rest → (whole, part).
RESTS = {
    "initial_after_7": ("initial", "initial_within_7"),
    "cla_ordered": ("cla", "section_20"),
    "cla_ordered_rest": ("cla_ordered", "care_order_interim"),
    "leavers_not_neet": ("leavers", "leavers_neet"),
    "leavers_not_unsuitable": ("leavers", "leavers_unsuitable"),
}
#: Average per child: name → (over which count, mean, spread between authorities)
SCORES: dict[str, tuple[str, float, float]] = {
    "sdq_score": ("with_sdq", 14.1, 0.6),
    "cin_attainment_8": ("cin_ks4", 20.5, 1.6),
    "cla_attainment_8": ("cla_ks4", 21.5, 2.0),
    "cin_progress_8": ("cin_ks4", -1.45, 0.15),
    "cla_progress_8": ("cla_ks4", -1.2, 0.18),
    **{
        f"{g}_{s}_progress": (f"{g}_ks2", m, 0.5)
        for g, m in (("cin", -2.2), ("cla", -1.0))
        for s in ("reading", "writing", "maths")
    },
}
#: Spending groups: pounds per unit of need in 2015, and the need.
SPEND: dict[str, tuple[str, float]] = {
    "early_years": ("children", 78.0),
    "cla": ("cla", 52_000.0),
    "safeguarding": ("cin", 4_900.0),
    "family_support": ("cin", 2_300.0),
    "young_people": ("children", 62.0),
    "youth_justice": ("children", 24.0),
    "other_families": ("children", 32.0),
    "strategy": ("children", 14.0),
    "asylum": ("children", 6.0),
    "child_trust_fund": ("children", 0.3),
    "cera": ("children", 1.5),
}
#: What good practice (a standard deviation of it) spends more, as a logarithm, on what is preventative. Judgements are
#: better for the practice, so the money tells authorities apart and moves nobody's judgement.
PREVENTION_BY_QUALITY = 0.12
PREVENTATIVE = ("early_years", "family_support", "young_people")


@dataclass
class World:
    """What is true in the synthetic England."""

    places: Places
    seed: int
    deprivation: dict[str, float]
    """Mean IMD score by authority."""
    inspections: list[Inspection]
    numbers: dict[str, Array] = field(default_factory=dict)
    """Counts (and averages, rates, pounds) by name, ``[authority, year]``."""
    weights: Array | None = None
    """Children by authority and year, unrounded, of the first population estimates."""
    rebasing: Array | None = None
    """By how much a later census moves the population of an authority and year."""

    def at(self, name: str, year: int) -> Array:
        """One year's column."""
        return self.numbers[name][:, year - FIRST_YEAR]

    @property
    def first_sif(self) -> dict[str, Inspection]:
        """Each authority's first inspection under the Single Inspection Framework."""
        return {i.la_code: i for i in self.inspections if i.framework == "sif" and i.number == 1}


def build_world(places: Places, seed: int) -> World:
    """Draw everything.

    Args:
        places: authorities and their codes.
        seed: of the one random generator that is used; the same seed gives the same world.
    """
    import numpy as np

    rng = np.random.default_rng(seed)
    pieces = places.pieces
    n, years = len(pieces), np.array(YEARS)
    by_piece = {p: places.by_code.get(p, places.by_code["835"]) for p in pieces}
    score = np.array(
        [float(np.clip(_REGION_DEPRIVATION[by_piece[p].region] + rng.normal(0, 7.0), 5.5, 46.0)) for p in pieces]
    )
    spread = (score - score.mean()) / score.std()
    quality = rng.normal(0, 1, n)
    start = np.array(
        [_FEW_CHILDREN.get(p, _TYPICAL_CHILDREN[_kind(places, p)] * float(np.exp(rng.normal(0, 0.32)))) for p in pieces]
    )
    growth = rng.normal(0.005, 0.004, n)
    children = start[:, None] * np.exp(growth[:, None] * (years - 2015)[None, :])
    rebased = np.exp(
        np.clip(rng.normal(0.0, 0.006, n), -0.015, 0.015)[:, None] * np.clip(years - 2012, 0, 9)[None, :] / 3
    )

    membership = np.array([[p in a.pieces for p in pieces] for a in places.authorities], dtype=float)
    exists = np.array([[a.existed_in(y) for y in YEARS] for a in places.authorities])
    mean_weight = membership * start[None, :]
    mean_weight /= mean_weight.sum(axis=1, keepdims=True)
    la_score, la_quality = mean_weight @ score, mean_weight @ quality
    of = dict(zip(places.codes, (la_score - score.mean()) / score.std(), strict=True))
    inspections = draw_inspections(places, of, dict(zip(places.codes, la_quality, strict=True)), rng)

    world = World(places, seed, dict(zip(places.codes, la_score, strict=True)), inspections)
    paths = _Paths(places, pieces, world.first_sif)
    draw = _Draw(rng, children, spread, quality, paths)
    drawn = draw.everything()

    def to_authorities(values: Array) -> Array:
        return np.where(exists, membership @ values, np.nan)

    world.numbers = {k: to_authorities(v) for k, v in drawn.items()}
    for name, (over, _, _) in SCORES.items():
        # A sum over pupils above; printed as their mean, and the sum kept.
        world.numbers[name + "_sum"] = world.numbers[name]
        world.numbers[name] = _ratio(world.numbers[name], world.numbers[over])
    fte = world.numbers["social_workers"]
    for rate in ("agency", "vacancy", "turnover", "absence"):
        world.numbers[rate] = _ratio(world.numbers[rate], fte) * 100
    world.numbers["caseload"] = _ratio(world.numbers["caseload"], fte)
    for count in ("social_workers",):
        world.numbers[count] = np.round(fte, 1)
    world.weights = to_authorities(children)
    world.rebasing = _ratio(to_authorities(children * rebased), world.weights)
    return world


def _kind(places: Places, piece: str) -> str:
    return places.ons_code(piece, YEARS[-1])[:3] if piece in places.by_code else "E06"


def _ratio(a: Array, b: Array) -> Array:
    import numpy as np

    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(b > 0, a / b, np.nan)


class _Paths:
    """Planted paths at the level of pieces: a piece follows the authority that was inspected."""

    def __init__(self, places: Places, pieces: tuple[str, ...], first_sif: dict[str, Inspection]) -> None:
        self.of_piece: dict[str, Inspection] = {}
        for code, inspection in first_sif.items():
            for p in places.by_code[code].pieces:
                self.of_piece[p] = inspection
        self.pieces = pieces

    def __call__(self, measure: str) -> Array:
        """``[piece, year]`` of the path's value."""
        import numpy as np

        out = np.zeros((len(self.pieces), len(YEARS)))
        for i, p in enumerate(self.pieces):
            inspection = self.of_piece.get(p)
            effect = effect_of(measure, inspection.group) if inspection else None
            if effect is not None and inspection is not None:
                out[i] = [effect.at(y - inspection.year) for y in YEARS]
        return out


class _Draw:
    """Counts by piece and year."""

    def __init__(self, rng: np.random.Generator, children: Array, spread: Array, quality: Array, paths: _Paths) -> None:
        self.rng, self.children, self.spread, self.quality, self.paths = rng, children, spread, quality, paths
        self.out: dict[str, Array] = {}

    def everything(self) -> dict[str, Array]:
        """All of them, by name."""
        import numpy as np

        out, rng = self.out, self.rng
        out["children"] = np.round(self.children)
        out["referrals"] = self.count("children", 0.048, 0.20, 0.20, "referrals_count")
        out["initial"] = self.part("referrals", 0.77, 0.2)
        out["core"] = self.part("initial", 0.5, 0.2)
        out["assessments"] = self.part("referrals", 0.84, 0.25)
        on_time = 1.35 + 0.25 * self.quality[:, None] + self.paths("assessments_within_45_days_pct")
        out["assessments_on_time"] = self.binomial("assessments", on_time + rng.normal(0, 0.04, self.children.shape))
        self.stock_and_flow(
            "cin", self.count("children", 0.033, 0.25, 0.18, "cin_at_31_march_count"), 0.95, CIN_DURATIONS
        )
        cpp = self.count("children", 0.0040, 0.30, 0.22, "cpp_at_31_march_count")
        self.stock_and_flow("cpp", cpp, 1.20, CPP_DURATIONS)
        out["icpc"] = out["cpp_started"] + rng.poisson(out["cpp_started"] * 0.16)
        out["s47"] = np.maximum(self.count("children", 0.0145, 0.25, 0.22, "s47_enquiries_count"), out["icpc"])
        self.stock_and_flow("cla", self.count("children", 0.0062, 0.32, 0.15, "cla_at_31_march_count"), 0.43, None)
        out["cla_during"] = out["cla_ceased"] + out["cla"]
        out["care_applications"] = self.part("cla_started", 0.38, 0.15)
        for name in (*SHARES, *RESTS):
            self.share(name)
        out["cla_placement_order"] = out["cla_ordered_rest"] - out["care_order_full"]
        for g, share in (("cin", 0.056), ("cla", 0.014)):
            out[f"{g}_sessions"] = out[f"{g}_pupils"] * 300
            unauthorised = np.log(share) + rng.normal(0, 0.15, (len(self.children), 1))
            out[f"{g}_unauthorised"] = np.round(
                out[f"{g}_sessions"] * np.exp(unauthorised + rng.normal(0, 0.03, self.children.shape))
            )
        for name, (over, mean, between) in SCORES.items():
            average = mean + between * rng.normal(0, 1, (len(self.children), 1)) - 0.3 * between * self.spread[:, None]
            out[name] = np.round(out[over] * (average + rng.normal(0, between / 3, self.children.shape)), 1)
        self.staff()
        self.money()
        return out

    def count(self, of: str, rate: float, by_deprivation: float, between: float, measure: str) -> Array:
        """A Poisson count: a rate of a population, an authority's own level, and the planted path of a measure."""
        import numpy as np

        level = rate * np.exp(by_deprivation * self.spread + self.rng.normal(0, between, len(self.spread)))
        base = self.out.get(of, self.children)
        return self.rng.poisson(
            base * level[:, None] * np.exp(self.paths(measure) + self.rng.normal(0, 0.015, base.shape))
        ).astype(float)

    def part(self, of: str, share: float, between: float) -> Array:
        """A binomial part of a whole with an authority's own share."""
        import numpy as np

        own = np.log(share / (1 - share)) + self.rng.normal(0, between, (len(self.spread), 1))
        return self.binomial(of, own + self.rng.normal(0, 0.05, self.children.shape))

    def binomial(self, of: str, log_odds: Array) -> Array:
        """Part of a whole, by log-odds."""
        import numpy as np

        return self.rng.binomial(self.out[of].astype(int), 1 / (1 + np.exp(-log_odds))).astype(float)

    def share(self, name: str) -> None:
        """A part (or rest) and, before it, what it is a part of."""
        import numpy as np

        if name in self.out:
            return
        if name in RESTS:
            whole, part = RESTS[name]
            self.share(part)
            self.out[name] = self.out[whole] - self.out[part]
            return
        of, mean, between, by_deprivation = SHARES[name]
        if of not in self.out:
            self.share(of)
        own = np.log(mean / (1 - mean)) + self.rng.normal(0, between, len(self.spread)) + by_deprivation * self.spread
        drift = np.cumsum(self.rng.normal(0, between / 8, self.children.shape), axis=1)
        self.out[name] = self.binomial(of, own[:, None] + drift)

    def stock_and_flow(self, name: str, stock: Array, flow: float, durations: tuple[float, ...] | None) -> None:
        """A stock at 31 March, who came in the year and who left: the three agree in every year."""
        import numpy as np

        before = np.concatenate([stock[:, :1], stock[:, :-1]], axis=1)
        own = flow * np.exp(self.rng.normal(0, 0.10, (len(stock), 1)))
        started = self.rng.poisson((before + stock) / 2 * own).astype(float)
        started = np.maximum(started, stock - before)
        ceased = before + started - stock
        self.out[name], self.out[f"{name}_started"], self.out[f"{name}_ceased"] = stock, started, ceased
        self.out[f"{name}_any"] = ceased + stock
        if durations is None:
            return
        left, remaining = ceased.copy(), 1.0
        for i, share in enumerate(durations[:-1]):
            odds = np.log(share / remaining / (1 - share / remaining)) + self.rng.normal(0, 0.15, (len(stock), 1))
            band = self.rng.binomial(left.astype(int), 1 / (1 + np.exp(-odds))).astype(float)
            self.out[f"{name}_band_{i}"] = band
            left, remaining = left - band, remaining - share
        self.out[f"{name}_band_{len(durations) - 1}"] = left

    def staff(self) -> None:
        """Social workers (FTE) and what the rates are of: sums, so that pieces add up."""
        import numpy as np

        rng, out, shape = self.rng, self.out, self.children.shape
        own = np.exp(rng.normal(0, 0.15, (len(self.spread), 1)))
        out["social_workers"] = (out["cin"].mean(axis=1, keepdims=True) / 12.5 * own) * np.exp(
            rng.normal(0, 0.03, shape)
        )
        for name, mean, between in (
            ("agency", 0.125, 0.45),
            ("vacancy", 0.15, 0.35),
            ("turnover", 0.155, 0.25),
            ("absence", 0.033, 0.18),
        ):
            level = (
                np.log(mean)
                + rng.normal(0, between, (len(self.spread), 1))
                - 0.15 * self.quality[:, None] * (name != "absence")
            )
            path = self.paths("agency_rate_pct") if name == "agency" else 0.0
            rate = np.minimum(np.exp(level + path + rng.normal(0, 0.08, shape)), 0.75)
            out[name] = rate * out["social_workers"]
        out["caseload"] = (
            16.5
            * np.exp(rng.normal(0, 0.15, (len(self.spread), 1)) + rng.normal(0, 0.05, shape))
            * out["social_workers"]
        )

    def money(self) -> None:
        """Gross pounds by group of services: need, an authority's own price, and prices that rise 2% a year."""
        import numpy as np

        years = np.array(YEARS)
        for group, (need, price) in SPEND.items():
            base = self.out[need].mean(axis=1, keepdims=True) * 0.5 + self.out[need] * 0.5
            own = np.exp(
                self.rng.normal(0, 0.18, (len(self.spread), 1)) + self.rng.normal(0, 0.03, self.children.shape)
            )
            if group in PREVENTATIVE:
                own = own * np.exp(PREVENTION_BY_QUALITY * self.quality[:, None])
            prices = 1.02 ** (years - 2015)[None, :]
            path = np.exp(self.paths("spend_safeguarding_gross_gbp")) if group == "safeguarding" else 1.0
            if group == "safeguarding":
                base = np.broadcast_to(self.out[need].mean(axis=1, keepdims=True), base.shape)
            self.out[f"spend_{group}"] = np.round(base * price * own * prices * path, -2)


def is_tiny(code: str) -> bool:
    """Whether an authority has too few children for figures of its own."""
    return code in TINY
