"""Answers of GOV.UK's Content API, as the publishing system's schemas have them.

Source: alphagov/publishing-api, `content_schemas/formats/shared/definitions/asset_links.jsonnet` (attachments: only
``attachment_type``, ``id`` and ``url`` are required; types *file*, *html*, *external*) and
`content_schemas/examples/publication/frontend/*.json`; alphagov/content-store (`gone` 410, redirects 303 or an item).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from flows.publishers.shapes import Moment, Shape, Words

#: The path of a page.
Path = Annotated[str, StringConstraints(pattern=r"^/[\x21-\x7e]*$", max_length=2000)]


class Attachment(Shape):
    """`publication_attachment_asset`."""

    attachment_type: Words = ""
    url: str
    title: Words = ""
    filename: Words = ""
    file_size: Annotated[int, Field(ge=0)] | None = None


class Details(Shape):
    """Details of a publication: attachments, or (on old pages) the HTML of their sections."""

    attachments: list[Attachment] = Field(default_factory=list)
    documents: list[str] = Field(default_factory=list)
    body: Any = None

    @property
    def words(self) -> str:
        """The page's text as HTML; blank where it is of another form."""
        return self.body if isinstance(self.body, str) else ""


class Listed(Shape):
    """A page that a collection links to."""

    base_path: Path
    title: Words = ""
    public_updated_at: Moment | None = None


class Links(Shape):
    """Links of a collection."""

    documents: list[Listed] = Field(default_factory=list)


class WithdrawnNotice(Shape):
    """Empty where nothing is withdrawn."""

    explanation: Words = ""
    withdrawn_at: Moment | None = None


class Redirect(Shape):
    """Where a redirect item leads."""

    path: Words = ""
    destination: str


class Item(Shape):
    """What every item has."""

    base_path: Path
    document_type: str
    schema_name: Words = ""


class RedirectItem(Shape):
    """An item of schema *redirect*."""

    redirects: list[Redirect]


class Page(Item):
    """A publication."""

    document_type: str
    title: Words = ""
    public_updated_at: Moment | None = None
    withdrawn_notice: WithdrawnNotice | None = None
    details: Details


class Collection(Item):
    """A document collection."""

    document_type: Literal["document_collection"]
    links: Links
