"""A study's spec: its question, what it pins, and the printed figures it answers.

``spec.yml`` is read and checked here; the rules of verdicts are those of ``tolerances.yml``, one set for all studies.
Its shape::

    study: inspection_factors
    question: "..."
    paper: "..."
    pins: {framework: sif, window: "2014-01-01:2016-04-15", basis: publication, geography: as_published, deflator: rpi}
    variables: {...}                 # free: whatever the model needs
    published:                       # every row of published_results.csv of this study, by its number
      1: {verdict: not testable, reason: "..."}           # cannot be compared, and why
      2: [place, statistic, subject]                      # tied to an estimate
      3: {ours: [place, statistic, subject], rule: counts, reason: "...", at_best: close}
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from analysis.yaml_file import read_yaml

HERE = Path(__file__).resolve().parent

Kind = Literal["number", "claim"]


@dataclass(frozen=True)
class Published:
    """One printed figure: ``row`` counts within its study; ``value``, ``p`` and ``n`` are as printed (may be words)."""

    study: str
    row: int
    place: str
    statistic: str
    subject: str
    value: str
    p: str
    n: str
    note: str


@cache
def published_figures(study: str = "") -> tuple[Published, ...]:
    """Printed figures of a study, or of all."""
    with (HERE / "published_results.csv").open(encoding="utf-8", newline="") as f:
        rows = [Published(**{**r, "row": int(r["row"])}) for r in csv.DictReader(f)]  # type: ignore[arg-type]
    return tuple(r for r in rows if study in ("", r.study))


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Tolerance(_Strict):
    """How far a figure may lie from the printed one.

    ``number``: |ours - printed| at most ``reproduced`` (``relative``: as a share of the printed figure), or at most
    ``close`` as a share of the printed figure; ``close_within`` is a distance in its own units instead, and
    ``one_below`` makes one more or less close where the printed figure is smaller. A sign that differs is never close.
    ``claim``: the share of a printed statement's parts that hold; ``reproduced`` and ``close`` are the least shares.
    ``same_n`` and ``same_significance``: a printed n that differs by more than ``n_within``, or a printed p on the
    other side of 0.05, leaves at best *close*.
    """

    name: str
    statistics: tuple[str, ...] = Field(default=(), alias="for")
    kind: Kind = "number"
    reproduced: float
    close: float = 0.05
    close_within: float | None = None
    one_below: int = 0
    relative: bool = False
    same_n: bool = True
    n_within: int = 0
    same_significance: bool = True


class Tie(_Strict):
    """What answers a printed figure: an estimate (``ours``: place, statistic, subject), or a reason why nothing can.

    ``reason`` beside ``ours`` is what explains a difference; ``printed`` is the number to compare with where the
    printed value is words; ``rule`` names a tolerance; ``at_best`` caps the verdict, ``reason`` then says why.
    ``verdict`` is given whatever ours is: *not testable* (an input is not held, or other authorities or coders stand
    behind ours) or *not reproducible* (never published); without ``ours`` there must be one.
    """

    ours: tuple[str, str, str] | None = None
    reason: str = ""
    rule: str = ""
    printed: float | None = None
    at_best: Literal["reproduced", "close"] = "reproduced"
    verdict: Literal["", "not testable", "not reproducible"] = ""

    @model_validator(mode="after")
    def _one_or_the_other(self) -> Tie:
        if self.ours is None and not self.verdict:
            raise ValueError("a printed figure needs an estimate (ours), or a verdict of not testable or reproducible")
        if self.verdict and not self.reason:
            raise ValueError(f"{self.verdict}: say why (reason)")
        return self


class Spec(_Strict):
    """A study's spec, checked; see the module."""

    study: str
    question: str
    paper: str
    pins: dict[str, str] = {}
    variables: dict[str, Any] = {}
    tolerances: tuple[Tolerance, ...] = ()
    published: dict[int, Tie] = {}

    @field_validator("pins", mode="before")
    @classmethod
    def _as_text(cls, value: dict[str, Any]) -> dict[str, str]:
        return {k: str(v) for k, v in value.items()}

    @field_validator("published", mode="before")
    @classmethod
    def _short_form(cls, value: dict[int, Any]) -> dict[int, Any]:
        return {k: {"ours": tuple(v)} if isinstance(v, list) else v for k, v in value.items()}

    @model_validator(mode="after")
    def _every_row(self) -> Spec:
        rows = {p.row for p in published_figures(self.study)}
        if rows != set(self.published):
            missing, unknown = sorted(rows - set(self.published)), sorted(set(self.published) - rows)
            raise ValueError(f"printed figures without an answer: {missing}; answers without a figure: {unknown}")
        for figure in published_figures(self.study):
            if self.published[figure.row].ours:
                self.tolerance(figure)
        return self

    def tolerance(self, figure: Published) -> Tolerance:
        """The rule for a printed figure: that of its tie, else the one that names its statistic.

        Raises:
            ValueError: there is none.
        """
        rule = self.published[figure.row].rule
        for t in self.tolerances:
            if t.name == rule if rule else figure.statistic in t.statistics:
                return t
        raise ValueError(
            f"row {figure.row}: no tolerance is named {rule}"
            if rule
            else f"row {figure.row}: no tolerance is for {figure.statistic!r}; see tolerances.yml"
        )


@dataclass(frozen=True)
class Choices:
    """What a re-run may choose otherwise than the spec pins; "" is the spec's pin."""

    framework: str = ""
    window: str = ""
    deflator: str = ""
    basis: str = ""
    as_of: str = ""

    @property
    def are_the_papers(self) -> bool:
        """Whether nothing was chosen: then the results stand beside the printed figures."""
        return self == Choices(as_of=self.as_of)

    def filled(self, spec: Spec) -> Choices:
        """With the spec's pins where nothing was chosen."""
        names = ("framework", "window", "deflator", "basis")
        return replace(self, **{k: getattr(self, k) or spec.pins.get(k, "") for k in names})


def slugs() -> list[str]:
    """Studies: the folders here that have a spec."""
    return sorted(p.parent.name for p in HERE.glob("*/spec.yml"))


def load_spec(study: str) -> Spec:
    """Read and check ``<study>/spec.yml``.

    Raises:
        ValueError: there is no such study, or its spec is not whole.
    """
    path = HERE / study / "spec.yml"
    if not path.exists():
        raise ValueError(f"no study is called {study}; there are {', '.join(slugs())}")
    body = read_yaml(path)
    if "tolerances" in body:
        raise ValueError(f"{path}: a study has no tolerances of its own; they are those of tolerances.yml")
    spec = Spec(**body, tolerances=read_yaml(HERE / "tolerances.yml"))
    if spec.study != study:
        raise ValueError(f"{path}: is the spec of {spec.study}")
    return spec
