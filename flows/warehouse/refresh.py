"""What a refresh builds: only what changed publications reach, and of that only the measures that they print."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flows.common.settings import Settings
from flows.landing.mapping import mapped_columns

#: Models that list every edition: rebuilt whichever publication changed. What reads them takes the rows of its own
#: publications alone (a test), and so is not built again because of another's.
EVERY_EDITION = ("stg_landing__catalogue", "stg_landing__edition", "stg_landing__unit", "tag:every_edition")
#: The project's variable that says whose measures are made again (dbt_project.yml).
VARIABLE = "changed_publications"


@dataclass(frozen=True)
class Refresh:
    """What is built again in a copy of what is published."""

    select: tuple[str, ...]
    """dbt selectors."""
    changed_publications: tuple[str, ...] = ()
    """The only ones whose measures are made again; blank for every measure."""


def refresh_of(settings: Settings, changed: Sequence[str]) -> Refresh:
    """What to build where these publications changed.

    Publications of figures alone touch nothing but their own measures and what is made of them. Of others (inspections,
    places, prices, populations) there is no such list: all rows of what depends on them are made again.

    Args:
        settings: where the seeds are.
        changed: publications, by name.
    """
    select = (*EVERY_EDITION, *(f"source:landing.{s}+" for s in changed))
    of_figures = {source for source, _ in mapped_columns(settings.root).rows}
    return Refresh(select, tuple(changed) if of_figures.issuperset(changed) else ())
