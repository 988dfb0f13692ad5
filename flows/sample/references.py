"""Reference publications: deprivation, population by age, rural and urban, neighbours, names, prices."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from flows.sample.places import FIRST_YEAR, Authority
from flows.sample.world import World
from flows.sample.writers import Row, csv_bytes, xlsx_bytes

if TYPE_CHECKING:
    import numpy as np

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
#: Six-fold classes, and their threefold.
_CLASSES = {
    "Urban with Major Conurbation": "Predominantly Urban",
    "Urban with Minor Conurbation": "Predominantly Urban",
    "Urban with City and Town": "Predominantly Urban",
    "Urban with Significant Rural (rural including hub towns 26-49%)": "Urban with Significant Rural",
    "Largely Rural (rural including hub towns 50-79%)": "Predominantly Rural",
    "Mainly Rural (rural including hub towns >=80%)": "Predominantly Rural",
}
#: Bands of age → their share of children aged 0 to 17; what is left is 17.
_AGES = {"0 - 4": 0.276, "5-9": 0.288, "10-14": 0.277, "15": 0.0535, "16": 0.053}
_NOTE = "SYNTHETIC: invented by a seeded generator"


def reference_files(world: World, seeds: Path) -> list[tuple[str, bytes]]:
    """Path and bytes of every reference file."""
    import numpy as np

    rng = np.random.default_rng([world.seed, 9])
    return [
        *_deprivation(world, rng),
        *_population(world),
        *_rural_urban(world, seeds, rng),
        *_neighbours(world),
        *_names(world),
        *_prices(),
    ]


# -- deprivation -------------------------------------------------------------


def _deprivation(world: World, rng: np.random.Generator) -> Iterator[tuple[str, bytes]]:
    """Summaries for upper-tier authorities; rank 1 is the most deprived."""
    import numpy as np

    for edition, year, drift in (("2015", 2016, 0.0), ("2019", 2020, 0.9)):
        authorities = world.places.authorities_of(year)
        score = np.array([world.deprivation[a.code] for a in authorities])
        score = np.round(score + rng.normal(0, drift, len(score)) if drift else score, 3)
        child = np.round(score / 100 * 0.85 + rng.normal(0, 0.012, len(score)), 3)
        space = "" if edition == "2015" else " "
        spelt = "Income Deprivation Affecting Children Index (IDACI)" if edition == "2015" else "IDACI"
        place = [
            f"Upper Tier Local Authority District {w} ({'2013' if edition == '2015' else '2019'})"
            for w in ("code", "name")
        ]
        sheets: list[tuple[str, list[Row]]] = [("Notes", [(_NOTE,)])]
        for sheet, prefix, values in (("IMD", "IMD", score), ("IDACI", spelt, child)):
            average_rank = np.round(32_844 * (values - values.min() + 1e-3) / (np.ptp(values) * 1.2) + 2_000, 2)
            head = [
                f"{prefix} - {w}{space}"
                for w in ("Average rank", "Rank of average rank", "Average score", "Rank of average score")
            ]
            rows: list[Row] = [(*place, *head)]
            for a, mean, mean_rank, s, r in zip(
                authorities, average_rank, _rank(average_rank), values, _rank(values), strict=True
            ):
                rows.append(
                    (world.places.ons_code(a.code, year), a.name, float(mean), int(mean_rank), float(s), int(r))
                )
            sheets.append((sheet, rows))
        yield f"mhclg_imd/{edition}/imd-{edition}.xlsx", xlsx_bytes(sheets)


def _rank(values: np.ndarray) -> np.ndarray:
    import numpy as np

    return np.argsort(np.argsort(-values, kind="stable"), kind="stable") + 1


# -- population --------------------------------------------------------------


def _population(world: World) -> Iterator[tuple[str, bytes]]:
    """Mid-year estimates by band of age, drawn as Nomis prints them: authorities of April 2021, mid-years across."""
    authorities = world.places.authorities_of(2022)

    def block(band: str, years: range, drawn: str) -> list[Row]:
        age = f"Age {band}" if " - " in band or "-" not in band else f"Aged {band}"
        head: list[Row] = [
            (),
            ("Population estimates - local authority based by single year of age",),
            (f"{_NOTE} [from Nomis on {drawn}]",),
            ("Gender     :", "Total"),
            ("Age        :", age),
            (),
            ("local authority: county / unitary (as of April 2021)", "mnemonic", *(str(y) for y in years)),
            (),
        ]
        rows: list[Row] = []
        for a in authorities:
            numbers = [round(_AGES[band] * _children(world, a, y)) for y in years]
            rows.append((a.name, world.places.ons_code(a.code, 2022), *numbers))
        return head + rows

    stacked = [row for band in _AGES for row in [*block(band, range(2009, 2021), "5 October 2022"), ()]]
    folder = "ons_population/2009-2021"
    yield f"{folder}/nomis_popest.csv", csv_bytes(stacked)
    for band in _AGES:
        file = f"popest-{band.replace(' ', '')}.csv"
        yield f"{folder}/{file}", csv_bytes(block(band, range(2009, 2022), "30 March 2023"))


def _children(world: World, a: Authority, mid_year: int) -> float:
    """Children of an authority's area at the middle of a year, also before it was an authority."""
    if world.weights is None:
        return 0.0
    column = mid_year + 1 - FIRST_YEAR
    value = float(world.weights[world.places.row_of[a.code], column])
    if value == value:
        return value
    first = min(y for y in range(FIRST_YEAR, 2026) if a.existed_in(y)) - FIRST_YEAR
    return float(world.weights[world.places.row_of[a.code], first])


# -- rural and urban ---------------------------------------------------------


def _rural_urban(world: World, seeds: Path, rng: np.random.Generator) -> Iterator[tuple[str, bytes]]:
    classes = list(_CLASSES)
    rows: list[Row] = [
        (f"Counties and Unitary Authorities Rural-Urban Classification ({_NOTE})",),
        ("There are 152 rows in this dataset.",),
        (),
        (
            "Upper Tier Local Authority Area 2021 Code",
            "Upper Tier Local Authority Area 2021 Name",
            "Rural-Urban Classification 2011 (6 fold)",
            "Rural-Urban Classification 2011 (3 fold)",
        ),
    ]
    for a in world.places.authorities_of(2022):
        code = world.places.ons_code(a.code, 2022)
        if code.startswith("E09"):
            k = 0
        elif code.startswith("E08"):
            k = int(rng.choice([0, 0, 1, 2]))
        elif code.startswith("E10"):
            k = int(rng.choice([3, 4, 4, 5]))
        else:
            k = int(rng.choice([2, 2, 2, 3, 4, 5]))
        rows.append((code, a.name, classes[k].split(" (")[0], _CLASSES[classes[k]]))
    folder = "ons_rural_urban/2011"
    yield f"{folder}/rural_urban_classification_2011_upper_tier.csv", csv_bytes(rows, marks="crlf")
    share = "Rural including hub towns (rural & rural related) population1"
    districts: list[Row] = [
        (
            "LAD11CD",
            "LAD11NM",
            "RUC11CD",
            "RUC11",
            "Rural population1",
            "Hub towns (rural related) population1",
            share,
            "Total population1",
            f"{share} (%)",
        )
    ]
    with (seeds / "authority_district.csv").open(newline="", encoding="utf-8") as f:
        for r in csv.DictReader(f):
            total, percent = int(rng.integers(40_000, 180_000)), float(rng.uniform(0, 95))
            rural = round(total * percent / 100)
            k = 5 if percent >= 80 else 4 if percent >= 50 else 3 if percent >= 26 else 2
            districts.append(
                (
                    r["district_ons_code"],
                    r["district_name"],
                    6 - k,
                    classes[k],
                    f"{rural:,}",
                    0,
                    f"{rural:,}",
                    f"{total:,}",
                    round(100 * rural / total, 1),
                )
            )
    yield f"{folder}/RUC11_LAD11_ENv2.csv", csv_bytes(districts, marks="crlf")


# -- neighbours and names ----------------------------------------------------


def _neighbours(world: World) -> Iterator[tuple[str, bytes]]:
    """The ten authorities nearest in deprivation."""
    authorities = world.places.authorities_of(2021)
    score = {a.code: world.deprivation[a.code] for a in authorities}
    header = ["LA num", "LA Name", "LA number", "GOInd", "GOReg", *(h for k in range(1, 11) for h in (f"SN{k}", "SNP"))]
    rows: list[Row] = [tuple(header)]
    for a in authorities:
        near = sorted((abs(score[o] - score[a.code]), o) for o in score if o != a.code)[:10]
        pairs: list[str] = []
        for distance, other in near:
            pairs += [other, "Very Close" if distance < 0.3 else "Close" if distance < 1 else "Not Close"]
        rows.append((a.code, a.name, a.code, 1, a.sub_region, *pairs))
    file = "dfe_statistical_neighbours/2021/New_Statistical_Neighbour_Groupings_April_2021.csv"
    yield file, csv_bytes(rows, marks="bom")


def _names(world: World) -> Iterator[tuple[str, bytes]]:
    """Councils and the names they go by."""
    registry: list[Row] = [
        (
            "local-authority-code",
            "official-name",
            "nice-name",
            "gss-code",
            "start-date",
            "end-date",
            "replaced-by",
            "nation",
        )
    ]
    names: list[Row] = [("la-name", "local-authority-code")]
    for a in world.places.authorities:
        start, end = (d.isoformat() if d else "" for d in (a.valid_from, a.valid_to))
        official = f"{a.name} Council"
        registry.append(
            (f"S{a.code}", official, a.name, world.places.ons_code(a.code, 2024), start, end, "", "England")
        )
        names += [(official, f"S{a.code}"), (a.name, f"S{a.code}")]
    yield "la_names/uk_local_authorities_current.csv", csv_bytes(registry)
    yield "la_names/lookup_name_to_registry.csv", csv_bytes(names)
    codes: list[Row] = [("LA Number", "LA Name", "Region", "Type")]
    codes += [(int(a.code), a.name, a.sub_region, "LA") for a in world.places.authorities_of(2025)]
    yield "dfe_lait/la_code_list.xlsx", xlsx_bytes([("Sheet1", codes)])


# -- prices ------------------------------------------------------------------


def _deflator(year: float) -> float:
    """An invented price level that rises by two per cent a year."""
    return float(100 * 1.02 ** (year - 2015))


def _treasury() -> list[Row]:
    """The Treasury's table of GDP deflators: years on the left, and again on the right."""
    treasury: list[Row] = [
        (),
        ("", "GDP DEFLATORS AT MARKET PRICES, AND MONEY GDP"),
        ("", f"{_NOTE}"),
        ("", "Forecast data are consistent with OBR data as at 11 March 2020"),
        ("", "Financial year", "", "", "", "", "", "Calendar year"),
        (
            "",
            "",
            "GDP deflator at market prices",
            "",
            "Money GDP (3), (4)",
            "",
            "",
            "",
            "GDP deflator at market prices",
            "",
            "Money GDP (3)",
        ),
        (
            "",
            "Financial year",
            "2018-19 = 100",
            "per cent change on previous year",
            "Cash £ million",
            "",
            "",
            "Calendar year",
            "2019 = 100",
            "per cent change on previous year",
            "Cash £ million",
        ),
    ]
    base = _deflator(2019)
    for year in range(1956, 2026):
        index: float | str = round(100 * _deflator(year) / base, 4) if year <= 2019 else "-"
        label = f"{year - 1}-{year % 100:02d}"
        treasury.append(
            ("", label, index, 2.0, 1000, "", "", str(year - 1), round(100 * _deflator(year - 1) / base, 4), 2.0, 1000)
        )
    return [*treasury, (), ("", _NOTE)]


def _prices() -> Iterator[tuple[str, bytes]]:
    """Price indices of the Treasury and of the Office for National Statistics, all invented."""
    base = _deflator(2019)
    yield (
        "hmt_gdp_deflator/2020-03/GDP_Deflators_Budget_March_2020_update.xlsx",
        xlsx_bytes([("11032020 deflator update", _treasury())]),
    )
    derived: list[Row] = [("year", "gdp", "deflator_2019")]
    derived += [(y, round(100 * _deflator(y) / base, 4), round(base / _deflator(y), 6)) for y in range(2011, 2020)]
    yield "hmt_gdp_deflator/2019/GDP_deflator.xlsx", xlsx_bytes([("20122019 deflator update", derived)])
    cpih = "CPIH INDEX 00: ALL ITEMS 2015=100"
    yield "ons_prices/2022/CPIH-2022.csv", csv_bytes(_series(cpih, "L522", "22-03-2023", 2023, 1.0, months=True))
    yield "ons_prices/2025/cpih.csv", csv_bytes(_series(cpih, "L522", "16-07-2025", 2025, 1.001, months=True))
    gdp = "Gross domestic product at market prices:Implied deflator:SA"
    yield (
        "ons_prices/2025/ybgb_gdp_deflator.csv",
        csv_bytes(_series(gdp, "YBGB", "30-06-2025", 2025, 0.97, months=False)),
    )
    annual: list[Row] = [("year", "measure", "index")]
    for measure, growth in (("rpi", 1.031), ("cpih", 1.022)):
        annual += [(f"{y}.0", measure, round(100 * growth ** (y - 2022), 6)) for y in range(1988, 2023)]
    yield "ons_prices/2022/rpi_cpih_annual_index.csv", csv_bytes(annual)


def _series(title: str, code: str, released: str, last: int, scale: float, *, months: bool) -> list[Row]:
    """A time-series file: rows about itself, then years, quarters and months in one column."""
    rows: list[Row] = [
        ("Title", title),
        ("CDID", code),
        ("Source dataset ID", "SYNTHETIC"),
        ("PreUnit", ""),
        ("Unit", "Index, base year = 100"),
        ("Release date", released),
        ("Next release", ""),
        ("Important notes", _NOTE),
    ]
    years = range(1988, last + 1)
    rows += [(str(y), f"{scale * _deflator(y + 0.5):.1f}") for y in years if y < last]
    rows += [
        (f"{y} Q{q}", f"{scale * _deflator(y + q / 4 - 0.125):.1f}") for y in years for q in range(1, 5) if y < last
    ]
    if months:
        rows += [
            (f"{y} {m}", f"{scale * _deflator(y + i / 12):.1f}")
            for y in years
            for i, m in enumerate(_MONTHS)
            if y < last or i < 3
        ]
    return rows
