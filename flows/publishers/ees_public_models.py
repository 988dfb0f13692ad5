"""Answers of EES's public API, as the service's own source has them.

Source: dfe-analytical-services/explore-education-statistics,
`src/GovUk.Education.ExploreEducationStatistics.Public.Data.{Api/ViewModels,ViewModels}`, as of 1 July 2026:
`DataSetViewModels.cs`, `DataSetVersionViewModels.cs`, `DataSetVersionChangesViewModel.cs`, `ChangeViewModels.cs`. Null
members are left out. An earlier mock of the department's (October 2024) calls ``version`` ``number`` and has the
changes as one flat list: that does not fit, and is said.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from flows.publishers.ees_models import Camel
from flows.publishers.shapes import Guid, Moment, Words

#: ``2.1`` or, where there was a patch, ``2.1.1``.
Number = Annotated[str, StringConstraints(pattern=r"^\d{1,6}(\.\d{1,6}){1,2}$")]
#: One of a few words; others may come.
Word = Annotated[str, StringConstraints(min_length=1, max_length=40)]


class LatestVersion(Camel):
    """`DataSetLatestVersionViewModel`."""

    version: Number


class DataSet(Camel):
    """`DataSetViewModel`: GET publications/{id}/data-sets, data-sets/{id}."""

    id: Guid
    title: str
    status: Word
    superseding_data_set_id: Guid | None = None
    latest_version: LatestVersion | None = None


class Version(Camel):
    """`DataSetVersionViewModel`: GET data-sets/{id}/versions."""

    version: Number
    type: Word
    status: Word
    withdrawn: Moment | None = None
    notes: Words = ""


class State(Camel):
    """A filter, option, place, level or period before or after a change."""

    id: Words = ""
    column: Words = ""
    label: Words = ""
    code: Words = ""
    level: State | None = None


class Change(Camel):
    """`ChangeViewModel<T>`; where options changed, their filter or level is with them."""

    current_state: State | None = None
    previous_state: State | None = None
    filter: State | None = None
    level: State | None = None
    options: list[Change] | None = None


class ChangeSet(Camel):
    """`ChangeSetViewModel`."""

    filters: list[Change] = Field(default_factory=list)
    filter_options: list[Change] = Field(default_factory=list)
    geographic_levels: list[Change] = Field(default_factory=list)
    indicators: list[Change] = Field(default_factory=list)
    location_groups: list[Change] = Field(default_factory=list)
    location_options: list[Change] = Field(default_factory=list)
    time_periods: list[Change] = Field(default_factory=list)

    def of(self, kind: str) -> list[Change]:
        """The changes of one kind."""
        found: Any = getattr(self, kind)
        return list(found)


class VersionChanges(Camel):
    """`DataSetVersionChangesViewModel`: GET data-sets/{id}/versions/{version}/changes."""

    version_number: Number
    major_changes: ChangeSet
    minor_changes: ChangeSet
