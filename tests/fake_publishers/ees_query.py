"""EES, public API: the query of a data set, as parameters of GET or as the JSON body of POST."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from tests.fake_publishers.answers import (
    Invalid,
    Reply,
    Request,
    checked,
    error,
    not_allowed,
    number_within,
    paged,
    problem,
    reply_json,
)
from tests.fake_publishers.tables import Row, Table, api_period

MEMBERS = ("criteria", "indicators", "sorts", "debug", "page", "pageSize")
FACETS = ("filters", "geographicLevels", "locations", "timePeriods")
SETS = ("eq", "notEq", "in", "notIn")
ORDERED = ("gt", "gte", "lt", "lte")
# fmt: off
LEVEL_CODES = (
    "EDA", "INST", "LA", "LAD", "LEP", "LSIP", "MAT", "MCA", "NAT", "OA", "PA", "PCON", "PFA", "PROV", "REG", "RSC",
    "SCH", "SPON", "WARD",
)
TIME_CODES = (
    "AY", "AYQ1", "AYQ2", "AYQ3", "AYQ4", "T1", "T2", "T3", "T1T2", "CY", "CYQ1", "CYQ2", "CYQ3", "CYQ4", "FY", "FYQ1",
    "FYQ2", "FYQ3", "FYQ4", "P1", "P2", "RY", "TY", "TYQ1", "TYQ2", "TYQ3", "TYQ4",
    *(f"W{n}" for n in range(1, 53)), *(f"M{n}" for n in range(1, 13)),
)
# fmt: on
#: What of a place a query may name it by.
NAMES = {"LA": ("id", "code", "oldCode")}
MOST = 10_000

Test = Callable[[Row], bool]


def answer_query(request: Request, table: Table) -> Reply:
    """The rows that match."""
    if request.method == "POST" and not request.headers.get("content-type", "").startswith("application/json"):
        return problem(415)
    asked = _body(request.body) if request.method == "POST" else _parameters(request)
    return reply_json(_Query(table, asked, "criteria" if request.method == "POST" else "").answer())


def _body(body: bytes) -> dict[str, Any]:
    # Comments are allowed; nothing at all asks for everything.
    text = re.sub(r'("(?:\\.|[^"\\])*")|//[^\n]*', r"\1", body.decode("utf-8", errors="replace"))
    try:
        asked = json.loads(text or "{}")
    except ValueError:
        asked = None
    if not isinstance(asked, dict):
        raise Invalid(_invalid(""))
    _only(asked, MEMBERS, "")
    return asked


def _parameters(request: Request) -> dict[str, Any]:
    """The query of GET in the form of a body."""
    asked: dict[str, Any] = {"criteria": {}}
    for facet in FACETS:
        for how in (*SETS, *ORDERED):
            name = f"{facet}.{how}"
            if name not in request.query:
                continue
            several = how in {"in", "notIn"}
            given = request.several(name) if several else [request.query[name]]
            paths = [f"{name}[{i}]" for i in range(len(given))] if several else [name]
            values = [_parsed(facet, v, path) for v, path in zip(given, paths, strict=True)]
            asked["criteria"].setdefault(facet, {})[how] = values if several else values[0]
    if "indicators" in request.query:
        asked["indicators"] = request.several("indicators")
    if "sorts" in request.query:
        split = [s.rpartition("|") for s in request.several("sorts")]
        asked["sorts"] = [{"field": field, "direction": direction} for field, _, direction in split]
    numbers = {
        "page": number_within(request, "page", 1, 1),
        "pageSize": number_within(request, "pageSize", 1000, 1, MOST),
    }
    return {**asked, **numbers, "debug": request.query.get("debug") == "true"}


def _parsed(facet: str, text: str, path: str) -> Any:
    if facet == "locations":
        found = re.fullmatch(r"([A-Z]{2,4})\|([A-Za-z]+)\|(.+)", text)
        if found is None:
            form = "{level}|{property}|{value}"
            message = "Must be a location in the correct format."
            raise Invalid(error("LocationFormat", message, path, value=text, expectedFormat=form))
        return {"level": found[1], found[2]: found[3]}
    if facet == "timePeriods":
        found = re.fullmatch(r"(\d{4}(?:/\d{4})?)\|([A-Z0-9]+)", text)
        if found is None:
            message = "Must be a time period in the correct format."
            raise Invalid(error("TimePeriodFormat", message, path, value=text, expectedFormat="{period}|{code}"))
        return {"period": found[1], "code": found[2]}
    return text


def _only(given: dict[str, Any], known: tuple[str, ...], path: str) -> None:
    for name in given:
        if name not in known:
            message = "The field was not expected in the request and should be removed."
            raise Invalid(error("UnknownField", message, f"{path}.{name}".lstrip(".")))


def _invalid(path: str) -> dict[str, Any]:
    return error("InvalidValue", "Must be a valid value. Check that the type and format are correct.", path)


class _Query:
    """One query of one table."""

    def __init__(self, table: Table, asked: dict[str, Any], path: str) -> None:
        self.table, self.asked, self.path = table, asked, path
        self.warnings: list[dict[str, Any]] = []

    def answer(self) -> dict[str, Any]:
        """The page of rows, and what should be looked at in the query."""
        page, size = self._number("page", 1), self._number("pageSize", 1000, MOST)
        test = self._criteria(self.asked.get("criteria") or {}, self.path)
        indicators = self._indicators()
        order = list(self._sorts())
        rows = [r for r in self.table.rows if test(r)]
        # The last key first: each further sort keeps the order of equals.
        for key, is_descending in reversed(order or [(self._time, True)]):
            rows.sort(key=key, reverse=is_descending)
        if self.asked.get("debug"):
            message = "Debug mode is enabled. Do not enable debug mode in a production environment."
            self.warnings.append(error("DebugEnabled", message))
        if not rows:
            message = "The query did not match any results. You may need to refine your criteria."
            self.warnings.append(error("QueryNoResults", message))
        said = paged(rows, page, size)
        return {**said, "results": [_result(r, indicators) for r in said["results"]], "warnings": self.warnings}

    def _number(self, name: str, usual: int, most: int = 2**31 - 1) -> int:
        number = self.asked.get(name, usual)
        if not isinstance(number, int):
            raise Invalid(_invalid(name))
        checked(number, name, 1, most)
        return number

    def _indicators(self) -> list[str]:
        asked = self.asked.get("indicators")
        if asked is None:
            return list(self.table.indicators)
        if not asked:
            raise Invalid(error("NotEmpty", "Must not be empty.", "indicators"))
        unknown = [i for i in asked if i not in self.table.indicators]
        if unknown:
            message = "One or more indicators could not be found."
            raise Invalid(error("IndicatorsNotFound", message, "indicators", items=unknown))
        return list(asked)

    def _sorts(self) -> Iterator[tuple[Callable[[Row], Any], bool]]:
        unknown = []
        for i, sort in enumerate(self.asked.get("sorts") or []):
            if sort.get("direction") not in {"Asc", "Desc"}:
                raise Invalid(not_allowed(f"sorts[{i}].direction", sort.get("direction"), ("Asc", "Desc")))
            key = self._sort_key(sort.get("field", ""))
            if key is None:
                unknown.append(sort)
            else:
                yield key, sort["direction"] == "Desc"
        if unknown:
            message = "One or more sort fields could not be found."
            raise Invalid(error("SortFieldsNotFound", message, "sorts", items=unknown))

    def _sort_key(self, field: str) -> Callable[[Row], Any] | None:
        kind, _, name = field.partition("|")
        if field == "timePeriod":
            return self._time
        if field == "geographicLevel":
            return lambda r: r.level
        if kind == "filter" and name in self.table.filters:
            return lambda r: self.table.options[name][r.filters[name]]
        if kind == "indicator" and name in self.table.indicators:
            return lambda r: r.values[name]
        if kind == "location" and name in self.table.places:
            labels = {i: p["label"] for i, p in self.table.places[name].items()}
            return lambda r: labels.get(r.places.get(name, ""), "")
        return None

    def _time(self, row: Row) -> int:
        return self.table.times.index(row.time)

    # --- criteria --------------------------------------------------------------------------------------------------

    def _criteria(self, given: Any, path: str) -> Test:
        if not isinstance(given, dict):
            raise Invalid(_invalid(path))
        for how, joined in (("and", all), ("or", any)):
            if how in given:
                _only(given, (how,), path)
                if not isinstance(given[how], list):
                    raise Invalid(_invalid(f"{path}.{how}"))
                if not given[how]:
                    raise Invalid(error("NotEmpty", "Must not be empty.", f"{path}.{how}"))
                return _joined(joined, [self._criteria(c, f"{path}.{how}[{i}]") for i, c in enumerate(given[how])])
        if "not" in given:
            _only(given, ("not",), path)
            inner = self._criteria(given["not"], f"{path}.not")
            return lambda r: not inner(r)
        _only(given, FACETS, path)
        found: list[Test] = []
        for facet, asked in given.items():
            at = f"{path}.{facet}".lstrip(".")
            if not isinstance(asked, dict):
                raise Invalid(_invalid(at))
            _only(asked, (*SETS, *ORDERED) if facet == "timePeriods" else SETS, at)
            found += [self._facet(facet, how, value, f"{at}.{how}") for how, value in asked.items()]
        return _joined(all, found)

    def _facet(self, facet: str, how: str, value: Any, path: str) -> Test:
        several = how in {"in", "notIn"}
        if several != isinstance(value, list):
            raise Invalid(_invalid(path))
        if several and not value:
            raise Invalid(error("NotEmpty", "Must not be empty.", path))
        values = value if several else [value]
        paths = [f"{path}[{i}]" for i in range(len(values))] if several else [path]
        keys = [self._known(facet, v, at) for v, at in zip(values, paths, strict=True)]
        known = [k for k in keys if k is not None]
        missing = [v for k, v in zip(keys, values, strict=True) if k is None]
        if missing:
            what = {"geographicLevels": "geographic levels", "timePeriods": "time periods"}.get(facet, facet)
            code = f"{facet[0].upper()}{facet[1:]}NotFound"
            # GET gets them back as it wrote them.
            items = missing if self.path else [_as_written(m) for m in missing]
            self.warnings.append(error(code, f"One or more {what} could not be found.", path, items=items))
        if how in ORDERED:
            return self._compared(how, known[0]) if known else lambda _: False
        return _among(facet, known, is_negated=how in {"notEq", "notIn"})

    def _known(self, facet: str, value: Any, path: str) -> Any:
        """What of the table a value names; None where there is no such thing."""
        if facet in {"filters", "geographicLevels"} and not isinstance(value, str):
            raise Invalid(_invalid(path))
        if facet == "filters":
            return next(((f, value) for f, options in self.table.options.items() if value in options), None)
        if facet == "geographicLevels":
            if value not in LEVEL_CODES:
                raise Invalid(not_allowed(path, value, LEVEL_CODES))
            return value if value in self.table.levels else None
        if not isinstance(value, dict):
            raise Invalid(_invalid(path))
        if facet == "timePeriods":
            return self._known_time(value, path)
        return self._known_place(value, path)

    def _known_time(self, value: dict[str, Any], path: str) -> Any:
        _only(value, ("period", "code"), path)
        if value.get("code") not in TIME_CODES:
            raise Invalid(not_allowed(f"{path}.code", value.get("code"), TIME_CODES))
        wanted = str(value.get("period", ""))
        # A year alone stands for the year that begins in it.
        return next(
            (
                (code, period)
                for code, period in self.table.times
                if code == value["code"] and wanted in {api_period(period), period[:4]}
            ),
            None,
        )

    def _known_place(self, value: dict[str, Any], path: str) -> Any:
        level = value.get("level")
        if level not in LEVEL_CODES:
            raise Invalid(not_allowed(f"{path}.level", level, LEVEL_CODES))
        _only(value, ("level", *NAMES.get(level, ("id", "code"))), path)
        named = {k: v for k, v in value.items() if k != "level"}
        found = self.table.places.get(level, {}).values()
        return next(((level, p["id"]) for p in found if named and named.items() <= p.items()), None)

    def _compared(self, how: str, time: tuple[str, str]) -> Test:
        at = self.table.times.index(time)
        tests: dict[str, Test] = {
            "gt": lambda r: self._time(r) > at,
            "gte": lambda r: self._time(r) >= at,
            "lt": lambda r: self._time(r) < at,
            "lte": lambda r: self._time(r) <= at,
        }
        return tests[how]


def _as_written(value: Any) -> str:
    """A place or time period in the form of a parameter."""
    if not isinstance(value, dict):
        return str(value)
    if "period" in value:
        return f"{value['period']}|{value['code']}"
    return "|".join([value["level"], *(x for k, v in value.items() if k != "level" for x in (k, str(v)))])


def _joined(how: Callable[[Iterator[bool]], bool], tests: list[Test]) -> Test:
    return lambda r: how(t(r) for t in tests)


def _among(facet: str, known: list[Any], *, is_negated: bool) -> Test:
    def holds(r: Row) -> bool:
        if facet == "filters":
            return any(r.filters[f] == option for f, option in known)
        if facet == "geographicLevels":
            return r.level in known
        if facet == "timePeriods":
            return r.time in known
        return any(r.places.get(level) == place for level, place in known)

    return (lambda r: not holds(r)) if is_negated else holds


def _result(r: Row, indicators: list[str]) -> dict[str, Any]:
    return {
        "timePeriod": {"code": r.time[0], "period": api_period(r.time[1])},
        "geographicLevel": r.level,
        "locations": r.places,
        "filters": r.filters,
        # Figures too are strings: they may be symbols.
        "values": {i: r.values[i] for i in indicators},
    }
