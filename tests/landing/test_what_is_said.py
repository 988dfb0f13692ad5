"""What is said of a landing, in numbers that agree with their nouns and with the editions by name."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from flows.cli.shown import show_landing
from flows.landing.under_way import LandingReport


def landed(*editions: tuple[str, str]) -> list[Any]:
    return [SimpleNamespace(source=s, edition=e) for s, e in editions]


def said(report: LandingReport, capsys: pytest.CaptureFixture[str]) -> list[str]:
    show_landing(report, quiet=False)
    return cast(list[str], capsys.readouterr().out.splitlines())


def test_one_table_is_named_with_its_edition(capsys: pytest.CaptureFixture[str]) -> None:
    report = LandingReport(landed=landed(("dfe_cin", "2025")), unchanged=1)
    assert said(report, capsys) == ["Landed 1 table of 1 edition; 1 file unchanged.", "  dfe_cin 2025"]


def test_many_editions_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    years = [("dfe_cin", str(year)) for year in range(2013, 2025)]
    report = LandingReport(landed=landed(*years, ("dfe_cla", "2023"), ("dfe_cla", "2023")), missing=["dfe_cla x 2024"])
    assert said(report, capsys) == [
        "Landed 14 tables of 13 editions.",
        "  dfe_cin 12 editions; dfe_cla 2023",
        "  not delivered: 1 table of known editions (dfe_cla x 2024)",
    ]


def test_nothing_landed_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(LandingReport(unchanged=2000), capsys) == ["Landed 0 tables of 0 editions; 2,000 files unchanged."]
