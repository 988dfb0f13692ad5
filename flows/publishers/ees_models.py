"""Answers of EES's content API, as the service's own source has them.

Source: dfe-analytical-services/explore-education-statistics, `src/GovUk.Education.ExploreEducationStatistics.*`, as of
1 July 2026: `Content.Services/Publications/Dtos/PublicationDtos.cs`, `Content.ViewModels/ReleaseSummaryViewModel.cs`,
`Content.Services/Releases/Dtos/Release{VersionSummary,DataContent}Dtos.cs`,
`Content.ViewModels/DataSetFile{,Summary}ViewModel.cs`, `Content.ViewModels/RedirectViewModels.cs`,
`Common/ViewModels/PaginatedListViewModel.cs`. Null members are left out of its answers (`NullValueHandling.Ignore`),
so that whatever may be null may be absent.
"""

from __future__ import annotations

from typing import Annotated, Generic, TypeVar

from pydantic import AliasGenerator, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from flows.publishers.shapes import Guid, Moment, Shape, Words

T = TypeVar("T")
#: The part of an address that names a publication or release.
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=250)]
#: A part of a date: a number, its digits, or (as some answers have it) an empty text.
Part = Annotated[int | None, BeforeValidator(lambda v: None if v == "" else v)]


class Camel(Shape):
    """Members are called in camel case."""

    model_config = ConfigDict(alias_generator=AliasGenerator(validation_alias=to_camel), populate_by_name=True)


class NextReleaseDate(Camel):
    """When the next release comes, as far as it is told; whether it can be is another question."""

    year: Part = None
    month: Part = None
    day: Part = None


class ReleaseLink(Camel):
    """`PublicationLatestReleaseDto`: here ``id`` is a *release's*."""

    id: Guid
    slug: Slug
    title: str


class Successor(Camel):
    """`PublicationSupersededByPublicationDto`: the publication that goes on in the place of one that has ended."""

    id: Guid
    slug: Slug
    title: str


class Publication(Camel):
    """`PublicationDto`: GET publications/{slug}."""

    id: Guid
    slug: Slug
    title: str
    latest_release: ReleaseLink
    next_release_date: NextReleaseDate | None = None
    superseded_by_publication: Successor | None = None


class Release(Camel):
    """`ReleaseSummaryViewModel`: GET publications/{slug}/releases. ``id`` is the *version's*."""

    id: Guid
    release_id: Guid
    slug: Slug
    title: str
    published: Moment | None = None
    latest_release: bool


class VersionSummary(Camel):
    """`ReleaseVersionSummaryDto`: GET publications/{slug}/releases/{release}/version-summary. ``id`` is the
    version's.
    """

    id: Guid
    release_id: Guid
    slug: Slug
    is_latest_release: bool
    last_updated: Moment
    published: Moment
    update_count: int = 0


class DataSetMeta(Camel):
    """`ReleaseDataContentDataSetMetaDto`."""

    num_data_file_rows: int = 0


class DataSet(Camel):
    """`ReleaseDataContentDataSetDto`: a title and ids, no name of a file."""

    data_set_file_id: Guid
    file_id: Guid
    title: str
    meta: DataSetMeta | None = None
    public_api_data_set_id: Guid | None = None
    is_api_enabled: bool = False


class SupportingFile(Camel):
    """`ReleaseDataContentSupportingFileDto`."""

    file_id: Guid
    filename: str
    title: Words = ""


class DataContent(Camel):
    """`ReleaseDataContentDto`: GET publications/{slug}/releases/{release}/data-content."""

    release_id: Guid
    release_version_id: Guid
    data_sets: list[DataSet]
    supporting_files: list[SupportingFile] = Field(default_factory=list)


class DataSetFile(Camel):
    """`DataSetFileSummaryViewModel`: GET data-set-files. Its ``release.id`` is a version's."""

    id: Guid
    file_id: Guid
    filename: str
    title: str


class FileOfEntry(Camel):
    """`DataSetFileFileViewModel`."""

    name: str


class CatalogueEntry(Camel):
    """`DataSetFileViewModel`: GET data-set-files/{id}."""

    id: Guid
    file: FileOfEntry


class Paging(Camel):
    """`PagingViewModel`."""

    page: Annotated[int, Field(ge=1)]
    total_results: Annotated[int, Field(ge=0)]
    total_pages: Annotated[int, Field(ge=0)]


class Paged(Camel, Generic[T]):
    """`PaginatedListViewModel`."""

    results: list[T]
    paging: Paging


class Redirect(Camel):
    """`RedirectViewModel`."""

    from_slug: str
    to_slug: Slug


class Redirects(Camel):
    """`RedirectsViewModel`: GET redirects."""

    publication_redirects: list[Redirect] = Field(default_factory=list)


class PageProps(Camel):
    """Props of a release's page (`PublicationReleasePage.tsx`)."""

    release_version_summary: VersionSummary


class Props(Camel):
    """What a page of the site is made of."""

    page_props: PageProps


class PageData(Camel):
    """`__NEXT_DATA__` of a page of the site."""

    props: Props
