"""What each measure of the dictionary is in the synthetic England: which count over which, or which average.

``MEASURES`` says it once; every file prints it from here, so the same cell is the same number in every return that
carries it, except where an edition is known to differ (:mod:`flows.sample.editions`).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Quantity:
    """A measure's numerator and denominator by name in the world; a count or amount has no denominator."""

    numerator: str
    denominator: str = ""
    per: int = 1
    decimals: int = 0
    is_average: bool = False
    """The numerator is already the average; the sum is under ``<name>_sum``."""


def _count(name: str) -> Quantity:
    return Quantity(name)


def _rate(name: str) -> Quantity:
    return Quantity(name, "children", 10_000, 1)


def _pct(part: str, whole: str) -> Quantity:
    return Quantity(part, whole, 100, 1)


def _score(name: str, over: str, decimals: int = 1) -> Quantity:
    return Quantity(name, over, 1, decimals, is_average=True)


MEASURES: dict[str, Quantity] = {
    "population_0_17": _count("children"),
    "referrals_count": _count("referrals"),
    "referrals_rate_per_10k": _rate("referrals"),
    "rereferrals_pct": _pct("rereferrals", "referrals"),
    "children_referred_more_than_once_pct": _pct("referred_more_than_once", "referrals"),
    "referrals_nfa_pct": _pct("referrals_nfa", "referrals"),
    "referrals_not_in_need_pct": _pct("referrals_not_in_need", "referrals"),
    "initial_assessments_count": _count("initial"),
    "initial_assessments_rate_per_10k": _rate("initial"),
    "core_assessments_count": _count("core"),
    "core_assessments_rate_per_10k": _rate("core"),
    "assessments_count": _count("assessments"),
    "assessments_rate_per_10k": _rate("assessments"),
    "assessments_per_referral_pct": _pct("assessments", "referrals"),
    "initial_assessments_per_referral_pct": _pct("initial", "referrals"),
    "cin_at_31_march_count": _count("cin"),
    "cin_at_31_march_rate_per_10k": _rate("cin"),
    "cin_started_count": _count("cin_started"),
    "cin_started_rate_per_10k": _rate("cin_started"),
    "cin_ended_count": _count("cin_ceased"),
    "cin_ended_rate_per_10k": _rate("cin_ceased"),
    "cin_any_point_count": _count("cin_any"),
    "cin_any_point_rate_per_10k": _rate("cin_any"),
    "s47_enquiries_count": _count("s47"),
    "s47_enquiries_rate_per_10k": _rate("s47"),
    "icpc_count": _count("icpc"),
    "icpc_rate_per_10k": _rate("icpc"),
    "cpp_started_count": _count("cpp_started"),
    "cpp_started_rate_per_10k": _rate("cpp_started"),
    "cpp_ceased_count": _count("cpp_ceased"),
    "cpp_ceased_rate_per_10k": _rate("cpp_ceased"),
    "cpp_at_31_march_count": _count("cpp"),
    "cpp_at_31_march_rate_per_10k": _rate("cpp"),
    "cla_at_31_march_count": _count("cla"),
    "cla_at_31_march_rate_per_10k": _rate("cla"),
    "cla_started_count": _count("cla_started"),
    "cla_started_rate_per_10k": _rate("cla_started"),
    "cla_ceased_count": _count("cla_ceased"),
    "cla_ceased_rate_per_10k": _rate("cla_ceased"),
    "cla_section_20_count": _count("section_20"),
    "cla_interim_care_order_count": _count("care_order_interim"),
    "cla_full_care_order_count": _count("care_order_full"),
    "cla_placement_order_count": _count("cla_placement_order"),
    "cla_started_section_20_count": _count("started_section_20"),
    "care_applications_rate_per_10k": _rate("care_applications"),
    "cin_ceased_under_3_months_pct": _pct("cin_band_0", "cin_ceased"),
    "cin_ceased_3_to_6_months_pct": _pct("cin_band_1", "cin_ceased"),
    "cin_ceased_6_to_12_months_pct": _pct("cin_band_2", "cin_ceased"),
    "cin_ceased_1_to_2_years_pct": _pct("cin_band_3", "cin_ceased"),
    "cin_ceased_2_years_plus_pct": _pct("cin_band_4", "cin_ceased"),
    "cin_open_2_years_plus_pct": _pct("cin_open_2_years", "cin"),
    "cpp_ceased_under_3_months_pct": _pct("cpp_band_0", "cpp_ceased"),
    "cpp_ceased_3_to_6_months_pct": _pct("cpp_band_1", "cpp_ceased"),
    "cpp_ceased_6_to_12_months_pct": _pct("cpp_band_2", "cpp_ceased"),
    "cpp_ceased_under_6_months_pct": _pct("cpp_band_0+cpp_band_1", "cpp_ceased"),
    "cpp_ceased_2_years_plus_pct": _pct("cpp_band_4", "cpp_ceased"),
    "cpp_open_2_years_plus_pct": _pct("cpp_open_2_years", "cpp"),
    "cpp_reviews_on_time_pct": _pct("cpp_reviewed", "cpp_open_3_months"),
    "cpp_repeat_pct": _pct("cpp_repeat", "cpp_started"),
    "initial_assessments_within_7_days_pct": _pct("initial_within_7", "initial"),
    "initial_assessments_within_10_days_pct": _pct("initial_within_7+initial_7_to_10", "initial"),
    "core_assessments_within_35_days_pct": _pct("core_on_time", "core"),
    "assessments_within_45_days_pct": _pct("assessments_on_time", "assessments"),
    "icpc_within_15_days_pct": _pct("icpc_on_time", "icpc"),
    "agency_rate_pct": _score("agency", "social_workers"),
    "vacancy_rate_pct": _score("vacancy", "social_workers"),
    "turnover_rate_pct": _score("turnover", "social_workers"),
    "sickness_absence_rate_pct": _score("absence", "social_workers"),
    "social_workers_fte": Quantity("social_workers", decimals=1),
    "caseload_per_social_worker": _score("caseload", "social_workers"),
    "cin_per_social_worker": Quantity("cin", "social_workers", 1, 1),
    "cla_health_assessment_pct": _pct("health", "cla_12"),
    "cla_dental_check_pct": _pct("dental", "cla_12"),
    "cla_immunisations_pct": _pct("immunised", "cla_12"),
    "cla_development_assessment_pct": _pct("developed", "under_5"),
    "cla_substance_misuse_pct": _pct("substance", "cla_12"),
    "cla_substance_intervention_pct": _pct("substance_treated", "substance"),
    "cla_convicted_pct": _pct("convicted", "aged_10"),
    "cla_sdq_concern_pct": _pct("sdq_concern", "with_sdq"),
    "cla_sdq_average_score": _score("sdq_score", "with_sdq"),
    "cla_missing_pct": _pct("missing", "cla_during"),
    "cla_away_pct": _pct("away", "cla_during"),
    "cla_three_plus_placements_pct": _pct("three_placements", "cla"),
    "cla_stable_placement_pct": _pct("stable", "long_enough"),
    "cla_placed_20_miles_plus_pct": _pct("far", "cla"),
    "cla_placed_20_miles_plus_outside_la_pct": _pct("far_outside", "cla"),
    "care_leavers_19_neet_pct": _pct("leavers_19_neet", "leavers_19"),
    "care_leavers_19_in_custody_pct": _pct("leavers_19_custody", "leavers_19"),
    "care_leavers_neet_pct": _pct("leavers_neet", "leavers"),
    "care_leavers_eet_pct": _pct("leavers_eet", "leavers"),
    "care_leavers_unsuitable_accommodation_pct": _pct("leavers_unsuitable", "leavers"),
    "care_leavers_suitable_accommodation_pct": _pct("leavers_suitable", "leavers"),
    "care_leavers_in_custody_pct": _pct("leavers_custody", "leavers"),
    "cla_persistent_absence_until_2012_pct": _pct("cla_persistent_until_2012", "cla_pupils"),
    "cla_ks2_level_4_english_maths_pct": _pct("cla_level_4_english_maths", "cla_ks2"),
    "cla_ks2_level_4_rwm_pct": _pct("cla_level_4_rwm", "cla_ks2"),
    "cla_gcse_5_a_star_c_pct": _pct("cla_gcse_5", "cla_ks4"),
    **{
        f"{g}_{measure}": quantity
        for g in ("cin", "cla")
        for measure, quantity in {
            "persistent_absence_pct": _pct(f"{g}_persistent", f"{g}_pupils"),
            "unauthorised_absence_pct": _pct(f"{g}_unauthorised", f"{g}_sessions"),
            "suspended_pct": _pct(f"{g}_suspended", f"{g}_pupils"),
            "sen_support_pct": _pct(f"{g}_sen", f"{g}_pupils"),
            "gcse_english_maths_9_4_pct": _pct(f"{g}_em_4", f"{g}_ks4"),
            "gcse_english_maths_9_5_pct": _pct(f"{g}_em_5", f"{g}_ks4"),
            "attainment_8_score": _score(f"{g}_attainment_8", f"{g}_ks4"),
            "progress_8_score": _score(f"{g}_progress_8", f"{g}_ks4", 2),
            **{
                f"ks2_{s}_expected_pct": _pct(f"{g}_ks2_{s}", f"{g}_ks2")
                for s in ("reading", "writing", "maths", "rwm", "gps")
            },
            **{
                f"ks2_{s}_progress_score": _score(f"{g}_{s}_progress", f"{g}_ks2")
                for s in ("reading", "writing", "maths")
            },
        }.items()
    },
    "spend_total_gross_gbp": _count("spend_total"),
    "spend_total_before_sure_start_gross_gbp": _count("spend_total"),
    "spend_early_years_gross_gbp": _count("spend_early_years"),
    "spend_cla_gross_gbp": _count("spend_cla"),
    "spend_safeguarding_gross_gbp": _count("spend_safeguarding"),
    "spend_safety_before_2012_gross_gbp": _count("spend_safeguarding"),
    "spend_family_support_gross_gbp": _count("spend_family_support"),
    "spend_young_people_gross_gbp": _count("spend_young_people"),
    "spend_youth_justice_gross_gbp": _count("spend_youth_justice"),
    "spend_other_families_gross_gbp": _count("spend_other_families"),
    "spend_social_work_gross_gbp": _count("spend_social_work"),
}
