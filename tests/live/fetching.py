"""Fetching from the servers on the loopback: what all these tests do."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from flows.common.settings import Settings
from flows.publishers.fetch import FetchReport, fetch
from tests.fake_publishers import FakePublishers

B1 = "b1_children_in_need_2013_to_2024.csv"
SOURCES = ["dfe_cin", "dfe_workforce", "ofsted_la_outcomes", "ons_prices", "ofsted_reports"]

Start = Callable[..., FakePublishers]


def settings_for(fake: FakePublishers, tmp_path: Path, **changes: Any) -> Settings:
    """An installation whose servers are these."""
    return Settings(data=tmp_path / "data", servers=fake.servers(**changes))


def arrived(settings: Settings) -> dict[str, bytes]:
    """What was fetched, by name."""
    return {p.name: p.read_bytes() for p in settings.incoming.rglob("*") if p.is_file() and p.name != "MANIFEST.csv"}


def cin(fake: FakePublishers, tmp_path: Path, **changes: Any) -> tuple[Settings, FetchReport]:
    """A fetch of children in need."""
    settings = settings_for(fake, tmp_path, **changes)
    return settings, fetch(settings, sources=["dfe_cin"])
