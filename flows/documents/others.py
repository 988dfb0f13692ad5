"""Documents that look like inspection reports of an authority's children's services and are none.

Other inspectorates inspect children's services too (of Wales, Scotland, Northern Ireland), and Ofsted inspects
providers (fostering and adoption agencies, children's homes) on much the same forms. They are refused by name. Two
reports in one file are refused as well: each answer would be that of one of them.
"""

from __future__ import annotations

import re

from flows.documents.framework import Framework, read_cover
from flows.documents.lines import body_size
from flows.documents.pdf import DocumentText, Page, Refusal, RefusalReason

# Where they stand on a first page, they are its authors; in the text of an English report they may be named.
_INSPECTORATES = (
    (
        "Care Inspectorate Wales",
        r"care inspectorate wales|arolygiaeth gofal cymru|care and social services inspectorate wales",
    ),
    ("Estyn", r"\bestyn\b"),
    ("Healthcare Inspectorate Wales", r"healthcare inspectorate wales"),
    (
        "the Care Inspectorate of Scotland",
        r"\bcare inspectorate\b(?! wales)|social care and social work improvement scotland",
    ),
    ("Education Scotland", r"education scotland"),
    ("the Regulation and Quality Improvement Authority", r"regulation and quality improvement authority|\brqia\b"),
    ("the Independent Schools Inspectorate", r"independent schools inspectorate"),
    ("HM Inspectorate of Probation", r"inspection of (?:\w+ ){0,6}?youth (?:offending|justice)\b"),
    ("HM Inspectorate of Constabulary", r"national child protection (?:re-?)?inspection"),
    ("the Care Quality Commission", r"review of health services for (?:children|looked after)"),
)
# Whom a title or a heading names; a narrative may name any of them.
_PROVIDERS = (
    ("a fostering agency", r"independent fostering (?:agency|service|provider)|\bfostering (?:agency|services?)\b"),
    ("an adoption agency", r"adoption (?:support )?agency"),
    ("a children's home", r"\bchildren\W?s homes?\b"),
    ("a residential family centre", r"residential family centre"),
    ("a residential school or college", r"residential special school|boarding (?:school|provision)|further education"),
    ("a provider of supported accommodation", r"supported accommodation"),
    ("a secure training centre", r"secure training centre"),
    ("the Children and Family Court Advisory and Support Service", r"\bcafcass\b"),
)
# The form on which all of them are reported, wherever its name is on the first page.
_FORM = re.compile(
    r"social care common inspection framework|\bsccif\b|^registered (?:provider|manager)\b|^responsible individual\b"
    r"|unique reference number:? ?sc\d{5,6}|^provision sub-?type",
    re.IGNORECASE | re.MULTILINE,
)
_COMPANY = re.compile(r"\b(?:ltd|limited|plc|llp)\b\.?", re.IGNORECASE)
_OFSTED = re.compile(
    r"\bofsted\b|office for standards in education|\b(?:his|her) majesty\W?s (?:chief )?inspector|\bhmi\b",
    re.IGNORECASE,
)
_DATES = re.compile(
    r"^(?:(?:re-?)?(?:inspection|visit|review) dates?|dates? of (?:the )?(?:re-?)?(?:inspection|visit|review))\s*:",
    re.IGNORECASE,
)
_HEAD_LINES = 15


def refuse_others(document: DocumentText) -> Refusal | None:
    """The refusal of a document that is no report on one authority's children's services; None for one that may be."""
    return _by_author(document.pages) or _second_report(document.pages)


def _by_author(pages: tuple[Page, ...]) -> Refusal | None:
    first = pages[0]
    head = " ".join(line.text for line in first.lines[:_HEAD_LINES])
    page = " ".join(line.text for line in first.lines)
    is_ofsteds = any(_OFSTED.search(page.text) for page in pages)
    for name, words in _INSPECTORATES:
        if re.search(words, head if is_ofsteds else page, re.IGNORECASE):
            return Refusal(RefusalReason.OTHER_INSPECTORATE, f"a report of {name}, not of Ofsted on an authority")
    title = read_cover(pages).title.printed or ""
    headings = "\n".join(line.text for line in first.lines if line.bold)
    is_form = _FORM.search(first.text) is not None
    for name, words in _PROVIDERS:
        if re.search(words, title, re.IGNORECASE) or (is_form and re.search(words, headings, re.IGNORECASE)):
            return Refusal(RefusalReason.OTHER_PROVIDER, f"a report on {name}, not on an authority")
    if is_form or _COMPANY.search(title):
        return Refusal(RefusalReason.OTHER_PROVIDER, "a report on a provider of social care, not on an authority")
    return None


def _second_report(pages: tuple[Page, ...]) -> Refusal | None:
    """A second cover in the file: its own title over its own dates, or a second letter."""
    body = body_size(pages)
    # A letter whose first page holds the addressees alone begins on its second.
    is_begun = read_cover(pages[:1]).framework.value is not None
    for page in pages[1:] if is_begun else pages[2:]:
        texts = [line.text for line in page.lines if line.size > 0.9 * body]
        begins = any(_DATES.match(text) for text in texts[:_HEAD_LINES]) or any(
            re.match(r"Dear\b", text) for text in texts[: 2 * _HEAD_LINES]
        )
        if not begins:
            continue
        second = read_cover((page, *pages[page.number : page.number + 1]))
        if second.framework.value is None or second.framework.value is Framework.LSCB_REVIEW:
            # The review of the board was bound with the single inspection of its authority.
            continue
        return Refusal(
            RefusalReason.TWO_REPORTS,
            f"another report begins on page {page.number} ({second.title.printed}): save each in a file of its own",
        )
    return None
