"""What the publishers' files say to the questions of docs/using_the_data.md, by pandas and nothing of ours.

Each takes the folder of returns and gives rows as the question's SQL does, or the part of them that one file holds.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

Rows = list[tuple[Any, ...]]


def tidy(returns: Path, pattern: str, column: str) -> pd.DataFrame:
    """One column of a tidy file as numbers: level, year, code, region, text and value."""
    (path,) = returns.glob(pattern)
    raw = pd.read_csv(path, dtype=str, keep_default_na=False)
    return pd.DataFrame(
        {
            "level": raw["geographic_level"],
            "year": raw["time_period"].astype(int),
            "code": raw["old_la_code"],
            "name": raw["la_name"],
            "region": raw["region_name"].replace({"Inner London": "London", "Outer London": "London"}),
            "text": raw[column],
            "value": pd.to_numeric(raw[column], errors="coerce"),
            "kind": raw.get("population_count", ""),
        }
    )


def of_authorities(frame: pd.DataFrame, year: int) -> pd.Series[Any]:
    """Values of a year by the department's code."""
    rows = frame[(frame["level"] == "Local authority") & (frame["year"] == year)]
    return rows.set_index("code")["value"].dropna()


def rereferrals(returns: Path) -> pd.DataFrame:
    return tidy(returns, "dfe_cin/2024/c1_*.csv", "Re_referrals_percent")


def where_we_stand(returns: Path) -> Rows:
    """Leeds: year, value, neighbours' median and number, region's median, England, rank and quartile."""
    frame, out = rereferrals(returns), []
    near = neighbours(returns)["383"]
    for year in range(2019, 2025):
        values = of_authorities(frame, year)
        mine = frame[(frame["level"] == "Local authority") & (frame["year"] == year)].set_index("code")
        region = mine[mine["region"] == mine.loc["383", "region"]]["value"]
        england = frame[(frame["level"] == "National") & (frame["year"] == year)]["value"].item()
        beside = values.reindex(near).dropna()
        quartile = 1 + sum(values["383"] > values.quantile(q) for q in (0.25, 0.5, 0.75))
        rank = int(values.rank(method="min")["383"])
        out.append((year, values["383"], beside.median(), len(beside), region.median(), england, rank, quartile))
    return out


def neighbours(returns: Path) -> dict[str, list[str]]:
    """The ten neighbours of each authority."""
    (path,) = returns.glob("dfe_statistical_neighbours/2021/*.csv")
    raw = pd.read_csv(path, dtype=str, encoding="utf-8-sig")
    raw = raw[raw["LA num"].notna()]
    return {r["LA num"].strip(): [str(r[f"SN{n}"]).strip() for n in range(1, 11)] for _, r in raw.iterrows()}


def moved_most(returns: Path) -> Rows:
    """Repeat plans: value of 2017, of 2022, and the change, the ten largest."""
    frame = tidy(returns, "dfe_cin/2022/d3_*.csv", "CPP_subsequent_percent")
    before, now = of_authorities(frame, 2017), of_authorities(frame, 2022)
    change = (now - before).dropna().round(6).rename_axis("code").reset_index(name="change")
    first = change.sort_values(["change", "code"], ascending=[False, True]).head(10)
    return [(before[c], now[c], d) for c, d in zip(first["code"], first["change"], strict=True)]


def since_the_inspection(returns: Path, year: int) -> Rows:
    """Leeds: two measures in the year of the inspection and in 2024."""
    out = []
    for measure, column in (("referrals_count", "Referrals"), ("rereferrals_pct", "Re_referrals_percent")):
        frame = tidy(returns, "dfe_cin/2024/c1_*.csv", column)
        then, now = of_authorities(frame, year)["383"], of_authorities(frame, 2024)["383"]
        out.append((measure, then, now, round(now - then, 1)))
    return out


def withheld(returns: Path) -> int:
    """Assessments on time, 2015 to 2022: authorities' years in which the return suppresses a band or the total."""
    (path,) = returns.glob("dfe_cin/2022/c2_*.csv")
    raw = pd.read_csv(path, dtype=str, keep_default_na=False)
    bands = ["Same_day", "1-10_days", "11-20_days", "21-30_days", "31-40_days", "41-45_days", "Assessments_completed"]
    mine = raw[(raw["geographic_level"] == "Local authority") & raw["time_period"].astype(int).between(2015, 2022)]
    return int((mine[bands] == "c").any(axis=1).sum())


def looked_after_in_england(returns: Path) -> Rows:
    """Children looked after in England, the years of the newest file."""
    frame = tidy(returns, "dfe_cla/2024/cla_number_and_rate*.csv", "number")
    frame = frame[(frame["level"] == "National") & frame["kind"].str.contains("at 31 March")].sort_values("year")
    return [(int(y), float(v)) for y, v in zip(frame["year"], frame["value"], strict=True)]


def regions(returns: Path) -> Rows:
    """Re-referrals 2022: region, lowest, median, highest, authorities."""
    frame = rereferrals(returns)
    mine = frame[(frame["level"] == "Local authority") & (frame["year"] == 2022)].dropna(subset=["value"])
    found = mine.groupby("region")["value"].agg(["min", "median", "max", "count"]).reset_index()
    found = found.sort_values(["median", "region"], ascending=[False, True])
    return [tuple(r) for r in found.itertuples(index=False)]


def spending(returns: Path) -> dict[str, pd.Series[Any]]:
    """2017-18, gross: the total and what is spent on children looked after, by the department's code."""
    (path,) = returns.glob("dfe_s251_outturn/2017-18/*.xlsx")
    raw = pd.read_excel(path, engine="calamine")
    raw["code"] = raw["LA"].astype(float).astype(int).astype(str)
    out = {}
    for group, line in (("total", "5.0.2"), ("cla", "3.1.11")):
        rows = raw[raw["Description"].str.startswith(line + " ")]
        out[group] = pd.to_numeric(rows.set_index("code")["TotalExpenditure"], errors="coerce").dropna()
    return out


def share_of_looked_after(returns: Path) -> list[float]:
    """The ten largest shares, %."""
    money = spending(returns)
    share = (100 * money["cla"] / money["total"][money["total"] > 0]).dropna().round(1)
    return [float(v) for v in sorted(share, reverse=True)[:10]]


def agency(returns: Path) -> Rows:
    """September 2021: the ten largest shares of agency staff, and England's."""
    frame = tidy(returns, "dfe_workforce/2022/csww_headline*.csv", "agency_worker_rate_fte_%")
    values = of_authorities(frame, 2021)
    england = frame[(frame["level"] == "National") & (frame["year"] == 2021)]["value"].item()
    return [(float(v), england) for v in sorted(values, reverse=True)[:10]]


def united(returns: Path) -> dict[int, float]:
    """Children looked after in Bournemouth, Poole and Dorset, old and new, the years of the newest file."""
    frame = tidy(returns, "dfe_cla/2024/cla_number_and_rate*.csv", "number")
    frame = frame[frame["kind"].str.contains("at 31 March") & frame["code"].isin(["835", "836", "837", "838", "839"])]
    return {int(y): float(v) for y, v in frame.groupby("year")["value"].sum().items()}


def ilacs(returns: Path) -> pd.DataFrame:
    """The newest ILACS inspection of each authority in the workbook of March 2024: name, day, grade, grade before."""
    from python_calamine import CalamineWorkbook

    (path,) = returns.glob("ofsted_la_outcomes/2024/*.ods")
    book = CalamineWorkbook.from_path(path)
    (sheet,) = [n for n in book.sheet_names if n.startswith("ILACS_inspections")]
    lines = book.get_sheet_by_name(sheet).to_python()
    start = next(i for i, line in enumerate(lines) if "Local authority name" in line)
    found = []
    for line in lines[start + 1 :]:
        if not str(line[3]).strip() or str(line[1]).strip() in {"", "Local authority name"}:
            # The second table, of abolished authorities, begins after a gap with a header of its own.
            if str(line[1]).strip() == "Local authority name" or not any(str(c).strip() for c in line):
                break
            continue
        first, second = (line[3], line[5]), (line[10], line[12])
        day, grade, before = (*second, first[1]) if str(second[0]).strip() else (*first, None)
        found.append((str(line[1]).strip(), pd.Timestamp(day).date(), str(grade), before))
    return pd.DataFrame(found, columns=["name", "day", "grade", "before"])
