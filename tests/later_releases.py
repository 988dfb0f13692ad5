"""Releases later than the sample's, made of its files: names and labels are the publishers', figures the sample's."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Collection
from pathlib import Path

from tests.made_up import GEOGRAPHY

Row = dict[str, str]

B1 = "b1_children_in_need_2013_to_{}.csv"
C1 = "c1_children_in_need_referrals_and_rereferrals_2013_to_{}.csv"
POPULATION = "ons_mid-year_population_estimates_2012_to_2024.csv"
INDICATORS = "csww_indicators_2017_to_2024.csv"
#: 2024's names of c1 and 2025's (publisher's files).
RENAMED = {
    "Referrals": "referral_count",
    "Re_referrals": "rereferral_count",
    "Re_referrals_percent": "rereferral_percent",
    "No_Further_Action": "no_further_action_count",
    "No_Further_Action_percent": "no_further_action_percent",
    "Not_in_Need": "not_in_need_count",
    "Not_in_Need_percent": "not_in_need_percent",
}
#: What the social work workforce's columns of 2022 are called since (besides rates, which lose their "_%").
WORKFORCE_SINCE_2023 = {
    "social_worker_fte": "inpost_fte",
    "social_worker_headcount": "inpost_headcount",
    "leaver_fte": "leavers_fte",
    "leaver_headcount": "leavers_headcount",
    "agency_worker_rate_fte_%": "agency_rate_fte",
    "agency_worker_rate_headcount_%": "agency_rate_headcount",
}
#: Two authorities with one return: the row of 2022 it was in, the row that held nothing, and what is printed since.
JOINT_RETURNS = (
    ("314", "318", "E09000021 / E09000027", "Kingston upon Thames / Richmond upon Thames"),
    ("940", "941", "E06000061 / E06000062", "North Northamptonshire / West Northamptonshire"),
)
#: Words of the children-looked-after releases to 2024 and those of 2025.
CLA_WORDS_2025 = {
    "at 31 March each year": "on 31 March each year",
    "Aged 17 to 18": "17 to 18 years",
    "Aged 19 to 21": "19 to 21 years",
    "considered not suitable": "considered unsuitable",
}


def rows_of(source: Path | bytes) -> list[Row]:
    """A csv's rows by column name."""
    data = source.read_bytes() if isinstance(source, Path) else source
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def written(rows: list[Row]) -> bytes:
    """Rows as a csv of Explore Education Statistics."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def times(text: str, factor: float) -> str:
    """A printed number made larger, to the same places; a symbol stays."""
    if text.isdigit():
        return str(round(int(text) * factor))
    whole, point, tenths = text.partition(".")
    return f"{float(text) * factor:.1f}" if point and whole.isdigit() and tenths.isdigit() else text


def grown(column: str, text: str, factor: float) -> str:
    """A count that has grown; a copy of the year before would be taken for what it is. Rates and shares stay."""
    is_count = not column.endswith(("_percent", "_code", "_period")) and "rate" not in column
    return times(text, factor) if is_count else text


def with_year(rows: list[Row], year: str, grow: Callable[[str, str, float], str] = grown) -> list[Row]:
    """Rows and, from those of their last year, one year more."""
    last = max(r["time_period"] for r in rows)
    newest = [r for r in rows if r["time_period"] == last]
    return rows + [{k: grow(k, v, 1.04) for k, v in {**r, "time_period": year}.items()} for r in newest]


def cla_names_of_2025(header: Collection[str]) -> dict[str, str]:
    """What the columns of a table of children looked after were renamed to; empty where the new names are not known."""
    if "age" in header:
        return {
            "age": "care_leaver_age",
            "activity": "breakdown",
            "accommodation_suitability": "breakdown",
            "number": "care_leaver_count",
            "percentage": "care_leaver_percent",
        }
    counts = {"number": "children_count", "percentage": "children_percent"}
    if "population_estimate" in header:
        return {"population_count": "population_type", **counts}
    if "placement_stability" in header:
        return counts
    if {"cla_group", "characteristic"} <= set(header):
        # The name of the second became that of the first.
        return {"cla_group": "characteristic", "characteristic": "breakdown", **counts}
    return {}


def cla_words_of_2025(text: str) -> str:
    """A label of 2024 as 2025 words it."""
    for old, new in CLA_WORDS_2025.items():
        text = text.replace(old, new)
    return text


def cla_of_2025(rows: list[Row]) -> list[Row]:
    """A table of children looked after as its release of 2025 prints it."""
    names = cla_names_of_2025(rows[0])
    if not names:
        return with_year(rows, "2025")
    rows = with_year([{names.get(k, k): cla_words_of_2025(v) for k, v in r.items()} for r in rows], "2025")
    for r in rows:
        if r["time_period"] == "2025" and r.get("rate_per_10000", "").isdigit():
            r["rate_per_10000"] = str(round(10_000 * int(r["children_count"]) / int(r["population_estimate"])))
    return rows


def workforce_indicators(rows: list[Row], last_year: int) -> list[Row]:
    """The headline measures of 2022 as the indicators of a later September: other names, joint returns in one row."""
    for year in range(2023, last_year + 1):
        # Rates too: here they are most of what is printed.
        rows = with_year(rows, str(year), lambda k, v, factor: v if k in GEOGRAPHY else times(v, factor))
    out = []
    for r in rows:
        code = r["old_la_code"]
        if code in {second for _, second, *_ in JOINT_RETURNS}:
            continue
        for first, second, ons_codes, name in JOINT_RETURNS:
            if code == first:
                r = {**r, "old_la_code": f"{first} / {second}", "new_la_code": ons_codes, "la_name": name}
        out.append({WORKFORCE_SINCE_2023.get(k, k.removesuffix("_%")): v for k, v in r.items()})
    return out


def as_in_2025(rows: list[Row], first: str = "2013") -> list[Row]:
    """A table of 2024 in the shape of 2025, from some year on, with a year more."""
    shaped = [{RENAMED.get(k, k): v for k, v in r.items() if not k.endswith("_rate")} for r in rows]
    newest = [r for r in shaped if r["time_period"] == "2024" and r["old_la_code"]]
    shaped = [r for r in shaped if r["time_period"] >= first]
    return shaped + [{k: grown(k, v, 1.04) for k, v in {**r, "time_period": "2025"}.items()} for r in newest]


def population_of_2025(rows: list[Row]) -> list[Row]:
    """Population by mid-year to 2024: what the release of 2022 prints for mid-2020, in every year."""
    newest = max(r["time_period"] for r in rows)
    return [
        {k: grown(k, v, 1 + (year - 2020) / 200) for k, v in {**r, "time_period": str(year)}.items()}
        for year in range(2012, 2025)
        for r in rows
        if r["time_period"] == newest and r["old_la_code"]
    ]


def cin_of_2025(returns: Path) -> dict[str, bytes]:
    """The release of children in need of 2025 by file, made from the sample's of 2024. That of b1 begins with 2014."""
    found = returns / "dfe_cin"
    population = rows_of(found / "2022" / "ons_mid-year_population_estimates.csv")
    return {
        B1.format(2025): written(as_in_2025(rows_of(found / "2024" / B1.format(2024)), "2014")),
        C1.format(2025): written(as_in_2025(rows_of(found / "2024" / C1.format(2024)))),
        POPULATION: written(population_of_2025(population)),
    }


def others_of_2025(returns: Path) -> dict[str, bytes]:
    """Later releases of two more publications: children looked after 2025, and the workforce of September 2024."""
    made = {
        path.name.replace("_2024", "_2025"): cla_of_2025(rows_of(path))
        for path in (returns / "dfe_cla" / "2024").glob("*.csv")
    }
    before = returns / "dfe_workforce" / "2022" / "csww_headline_measures_2017_to_2022.csv"
    made[INDICATORS] = workforce_indicators(rows_of(before), 2024)
    return {name: written(rows) for name, rows in made.items()}
