"""How a page is put together: templates, addresses, and the parts that every page has."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment

HERE = Path(__file__).resolve().parent


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The templates; what is put into them is escaped unless it is marked as markup."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    from analysis.report import words

    found = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters.update(day=words.day)
    found.globals.update(
        grades=words.GRADES,
        frameworks=words.FRAMEWORKS,
        outcomes=words.OUTCOMES,
        visit_kinds=words.VISITS,
        statuses=words.STATUS,
        groups=words.GROUPS,
    )
    return found


def render(template: str, up: str, title: str, site: Mapping[str, Any], **parts: Any) -> str:
    """A page.

    Args:
        template: its template.
        up: the way to the site's root ("" or "../").
        title: the page's title.
        site: what every page says: whether the figures are invented, and as of when.
        parts: what the template asks for.
    """
    return environment().get_template(template).render(up=up, title=title, site=site, **parts)


def markup(text: str) -> Any:
    """Text that is markup already."""
    from markupsafe import Markup

    return Markup(text)


def authority_page(la_code: str) -> str:
    """Address of an authority's page, from the site's root."""
    return f"authorities/{la_code}.html"


def measure_page(measure_id: str) -> str:
    """Address of a measure's page, from the site's root."""
    return f"measures/{measure_id}.html"


def study_page(study: str) -> str:
    """Address of a study's page, from the site's root."""
    return f"studies/{study}.html"
