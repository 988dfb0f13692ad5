"""Letters on visits and joint inspections: their title, opening sentence, day, days on site and theme.

Visits are reported in a letter to the director of children's services (joint inspections: to all partners). Its title
is between the salutation and the text, its day above the address.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from flows.documents.lines import join_text
from flows.documents.pdf import Line, Page

_SALUTATION = re.compile(r"^Dear\b")
_OPENING = re.compile(r"^(?:This|Between|Following|From|On|In|I am|Inspectors|Ofsted|Her Majesty|His Majesty|Thank)\b")
_LONGEST_TITLE = 5
_LONGEST_OPENING = 12
_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
_DAYS = (
    rf"(?:the )?\d{{1,2}}(?:st|nd|rd|th)?"
    rf"(?:[\s,\u2013-]|\d{{1,2}}(?:st|nd|rd|th)?\b|\b(?:and|to|of|the)\b|{_MONTHS})*?\b20\d\d\b"
)
_STRETCH = re.compile(
    rf"\b(?P<how>on|between|from|took place)\s+(?P<days>{_DAYS}(?:\s*(?:and|to|-|\u2013)\s*{_DAYS})?)", re.IGNORECASE
)
# Words between which a theme is, the most telling first: of the text, and of the title.
_TOLD = (
    re.compile(
        r"\bdeep dive\b.{0,3} focus(?:ed)? on (?:the )?(?:response to )?(?P<theme>[^.]{4,300}?)\.", re.IGNORECASE
    ),
    re.compile(
        r"\b(?:local authority|council|trust|inspectors|they|partnership|agencies)\b[^.]{0,60}"
        r"\barrangements for (?:the )?(?P<theme>[^.:]{4,400}?)(?:, carried out on behalf\b[^.]*)?[.:]",
        re.IGNORECASE,
    ),
)
_TITLED = re.compile(r"\bmulti-agency responses? to (?:the )?(?P<theme>.{4,200}?)(?: in [A-Z][^.]*)?\.?$")
_LOOKED = re.compile(
    r"\b(?:areas? covered by th(?:is|e) visit (?:was|were|included)"
    r"|(?:this|the) visit (?:focused (?:specifically )?on|looked at|considered|reviewed)"
    r"|inspectors (?:looked at|reviewed|evaluated|considered|focused on|examined|assessed)"
    r"|multi-agency responses? to)"
    r"(?: the (?:progress made|following areas?(?: of practice)?))?"
    r"(?:: \W?| )(?:in |the )?(?P<theme>[^.:]{4,400}?)[.:]",
    re.IGNORECASE,
)
# What inspectors look at on every visit is no theme.
_EVERYDAY = re.compile(
    r"^(?:th(?:is|ese)\b|a range of|range of|evidence|case|children\W?s (?:case )?records|delivery of)", re.IGNORECASE
)


def letter_title(pages: Sequence[Page]) -> list[Line]:
    """Lines of the title of a letter: those between the salutation and the text; empty where there is no salutation."""
    lines = [line for page in pages[:2] for line in page.lines]
    start = next((index for index, line in enumerate(lines) if _SALUTATION.match(line.text)), None)
    if start is None:
        return []
    found: list[Line] = []
    for line in lines[start + 1 : start + 1 + 2 * _LONGEST_TITLE]:
        if found and (line.bold != found[0].bold or len(found) == _LONGEST_TITLE or _OPENING.match(line.text)):
            break
        # What the typesetter left of a salutation in two lines, and footnote marks, are no title.
        if not found and (not line.bold and _OPENING.match(line.text)):
            break
        if not line.text.isdigit():
            found.append(line)
    return found


def opening_sentence(pages: Sequence[Page], lines: int = _LONGEST_OPENING) -> str:
    """The first sentences of a letter, from "This letter" or "Between" on, in one line; empty where there are none."""
    printed = [line.text for page in pages[:2] for line in page.lines]
    for index, text in enumerate(printed):
        if re.match(
            r"^(?:This letter|Between (?:the )?\d|Following the|This report summarises|I am writing|I write to)",
            text,
            re.IGNORECASE,
        ):
            return join_text(printed[index : index + lines])
    return ""


def letter_day(pages: Sequence[Page]) -> Line | None:
    """The line that holds nothing but the day of a letter, above its salutation."""
    for line in _before_salutation(pages):
        if re.fullmatch(r"(?:Date: ?)?\d{1,2}(?:st|nd|rd|th)?\s+[A-Z][a-z]+,?\s+20\d\d", line.text):
            return line
    return None


def days_on_site(pages: Sequence[Page]) -> Iterator[tuple[int, str]]:
    """Page and words of the stretches of days that the text of a letter states, in order: "25 and 26 January 2023"."""
    for page in pages[:2]:
        text = join_text(line.text for line in page.lines)
        for match in _STRETCH.finditer(text):
            days = match["days"]
            # "between 3 and 5 November" is a stretch, "on 3 and 5 November" two days.
            yield page.number, re.sub(r"\band\b", "to", days) if match["how"].lower() == "between" else days


def theme(pages: Sequence[Page], title: str | None) -> str | None:
    """What a visit or joint inspection looked at, in the inspectors' words; None where it does not say so."""
    text = opening_sentence(pages, lines=60)
    titled = _TITLED.search(title or "")
    found = [match["theme"] for pattern in _TOLD for match in [pattern.search(text)] if match]
    found += [titled["theme"]] if titled else []
    found += [match["theme"] for match in _LOOKED.finditer(text)]
    found = [words for words in found if not _EVERYDAY.match(words)]
    if not found:
        return None
    words = re.split(r"[:;]? [\u25fc\uf0a7\uf0b7\uf06e\u2022]", found[0])[0]
    # The days and the name of the place at the end are no part of it.
    words = re.sub(
        rf"[ ,]+(?:from|on|between|that took place)\b[^.]{{0,12}}?{_DAYS}.*$", "", words, flags=re.IGNORECASE
    )
    words = re.sub(r" in (?:[A-Z][\w\u2019'-]*(?: (?:and|of|upon|with|the|on))* ?)+$", "", words)
    words = re.sub(
        r",? (?:with (?:a|an) (?:particular|specific) focus on|in accordance with the inspections? of .*)$",
        "",
        words,
        flags=re.IGNORECASE,
    )
    return re.sub(r"(?<=[a-z])\d{1,2}\b", "", " ".join(words.split())).strip(" ,;:")


def _before_salutation(pages: Sequence[Page]) -> Iterator[Line]:
    for page in pages[:2]:
        for line in page.lines:
            if _SALUTATION.match(line.text):
                return
            yield line
