"""What kind of document a report is, under which framework it was written, its title and the authority it names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from flows.documents.dates import MONTHS
from flows.documents.finding import Confidence, Finding, missing
from flows.documents.letter import letter_title, opening_sentence
from flows.documents.lines import body_size, is_small, join_text
from flows.documents.pdf import Line, Page


class Framework(StrEnum):
    """Inspection frameworks of children's social care in England since 2009, and what is published beside them.

    The first five are inspections with judgements: safeguarding and looked-after children (2009-12), arrangements for
    the protection of children (2012-13), looked-after children (2013), the single inspection framework (2013-18) and
    inspections of local authority children's services (2018-). The rest are visits and reviews whose documents look
    alike but hold no overall judgement of an authority.
    """

    SLAC = "slac"
    CPI = "cpi"
    TLAC = "tlac"
    SIF = "sif"
    ILACS = "ilacs"
    LSCB_REVIEW = "lscb_review"
    FOCUSED_VISIT = "focused_visit"
    MONITORING_VISIT = "monitoring_visit"
    ASSURANCE_VISIT = "assurance_visit"
    UNANNOUNCED_CONTACT = "unannounced_contact"
    JTAI = "jtai"
    AREA_SEND = "area_send"
    PROGRESS_REVIEW = "progress_review"
    VISIT = "visit"


# Frameworks that judge an authority as a whole.
INSPECTIONS = frozenset({Framework.SLAC, Framework.CPI, Framework.TLAC, Framework.SIF, Framework.ILACS})


class ReportKind(StrEnum):
    """What a document is; a full inspection has a framework beside it."""

    FULL_INSPECTION = "full_inspection"
    FOCUSED_VISIT = "focused_visit"
    MONITORING_VISIT = "monitoring_visit"
    ASSURANCE_VISIT = "assurance_visit"
    JOINT_TARGETED_AREA_INSPECTION = "joint_targeted_area_inspection"
    AREA_SEND_INSPECTION = "area_send_inspection"
    PROGRESS_REVIEW = "progress_review"
    SAFEGUARDING_BOARD_REVIEW = "safeguarding_board_review"
    UNANNOUNCED_CONTACT_INSPECTION = "unannounced_contact_inspection"
    #: A visit whose letter does not say of which kind it is.
    VISIT = "visit"


_KINDS = {
    **dict.fromkeys(INSPECTIONS, ReportKind.FULL_INSPECTION),
    Framework.LSCB_REVIEW: ReportKind.SAFEGUARDING_BOARD_REVIEW,
    Framework.FOCUSED_VISIT: ReportKind.FOCUSED_VISIT,
    Framework.MONITORING_VISIT: ReportKind.MONITORING_VISIT,
    Framework.ASSURANCE_VISIT: ReportKind.ASSURANCE_VISIT,
    Framework.UNANNOUNCED_CONTACT: ReportKind.UNANNOUNCED_CONTACT_INSPECTION,
    Framework.JTAI: ReportKind.JOINT_TARGETED_AREA_INSPECTION,
    Framework.AREA_SEND: ReportKind.AREA_SEND_INSPECTION,
    Framework.PROGRESS_REVIEW: ReportKind.PROGRESS_REVIEW,
    Framework.VISIT: ReportKind.VISIT,
}


def kind_of(framework: Framework | None) -> ReportKind | None:
    """Kind of the documents that are written under a framework; None for none."""
    return None if framework is None else _KINDS[framework]


_APOSTROPHE = "['\u2019\u2018]?"
_AREA = r"(?:(?:joint |local )*area (?:partnership )?)?"
_LOOK = r"(?:inspection|re-? ?inspection|visit|re-? ?visit)"
# In the order in which they are tried: the single inspection names the review of the board in its own title.
_TITLES: tuple[tuple[Framework, str], ...] = (
    (Framework.SIF, r"\b(?:re-? ?)?inspection of services for children in need of help and protection"),
    (Framework.LSCB_REVIEW, r"review of the effectiveness of the local safeguarding children board"),
    (
        Framework.PROGRESS_REVIEW,
        r"\binspection of progress made in the provision of safeguarding services"
        r"|\bprogress (?:review|inspection|visit)\b|\breview of progress\b",
    ),
    (
        Framework.SLAC,
        r"\b(?:re-? ?)?inspection of safeguarding(?: and looked after children)? services",
    ),
    (Framework.CPI, r"\b(?:re-? ?)?inspection of local authority arrangements for the protection of children"),
    (
        Framework.TLAC,
        r"\b(?:re-? ?)?inspection of (?:local authority )?(?:services for )?looked after children(?: services)?",
    ),
    (Framework.JTAI, r"joint (?:targeted area|area child protection) (?:re-? ?)?inspection|\bjtai\b"),
    (
        Framework.AREA_SEND,
        # "SEND" is no verb before or behind the name of an inspection.
        rf"\b{_AREA}send (?:\w+ ){{0,2}}{_LOOK}\b|\bsend: (?:\w+ ){{0,2}}{_LOOK}\b"
        r"|\b(?:inspection|re-? ?visit|thematic visit) .{0,80}(?:special educational needs|\bsend\b)"
        rf"|\b{_AREA}special educational needs (?:and (?:/ ?or )?disabilit\w+ )?(?:\(send\) )?{_LOOK}\b",
    ),
    (Framework.ASSURANCE_VISIT, r"assurance visit"),
    (Framework.MONITORING_VISIT, r"monitoring visit"),
    (Framework.FOCUSED_VISIT, r"focu?ss?ed visit"),
    (Framework.UNANNOUNCED_CONTACT, r"unannounced inspection of contact,? referral and assessment"),
    (
        Framework.ILACS,
        rf"\b(?:re-? ?)?inspection of (?:local authority )?children{_APOSTROPHE}s (?:social care )?services"
        rf"|\b(?:re-? ?)?inspection of .{{3,90}}? children{_APOSTROPHE}s (?:social care )?services"
        rf"|\b(?:local authority )?children{_APOSTROPHE}s (?:social care )?services:? (?:re-? ?)?inspection\b",
    ),
    (Framework.VISIT, r"\bvisit(?= (?:to|in|of) )"),
)
_LABEL = re.compile(
    r"^(?:inspection|re-?inspection|review|visit)? ?dates?\b|^report published|^published\b|^lead inspector"
    r"|^reporting inspector|^age group|^on-? ?site\b|^(?:inspected|visited) (?:on|from|between)\b"
    r"|^inspection (?:start|began)\b"
    r"|^date of (?:visit|inspection)"
    rf"|^\d{{1,2}} (?:{'|'.join(MONTHS)}) \d{{4}}$",
    re.IGNORECASE,
)
_TABLE = re.compile(r"^judge?ment\s+grade|^judge?ment$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Cover:
    """What the first page says the document is.

    Attributes:
        framework: the framework or kind of visit.
        is_reinspection: whether the title says that it is a re-inspection.
        title: the title as printed, in one line.
        authority: name of the authority (or of its board or trust) as printed.
    """

    framework: Finding[Framework]
    is_reinspection: bool
    title: Finding[str]
    authority: Finding[str]


def read_cover(pages: tuple[Page, ...]) -> Cover:
    """Read what kind of document this is from the block above the dates on its first page.

    A report whose title has no known wording is recognised by its table of judgements, with less confidence; the name
    in its title is then the name after "Inspection of".
    """
    page = pages[0]
    block = letter_title(pages) or _title_block(page, body_size(pages))
    joined = join_text(line.text for line in block)
    if not joined:
        reason = "the first page has no title above its dates"
        return Cover(missing(reason, page=1), False, missing(reason, page=1), missing(reason, page=1))
    for framework, pattern in _TITLES:
        match = re.search(pattern, joined, re.IGNORECASE)
        if match:
            name = _authority(joined, match, framework, block)
            title = re.sub(r"(?<=[a-z])\d{1,2}\b", "", _without_name(joined[match.start() :], name, match)).strip()
            return Cover(
                Finding(framework, Confidence.HIGH, None, page.number, match.group(0)),
                bool(re.match(r"re-? ?inspection", match.group(0), re.IGNORECASE)),
                Finding(title, Confidence.HIGH, None, page.number, joined),
                name,
            )
    if any(_TABLE.match(line.text) for line in page.lines) and re.search(
        r"the impact of leaders", page.text, re.IGNORECASE
    ):
        reason = "recognised by its table of judgements; the title has another wording"
        named = re.search(r"inspection of (.+)", joined, re.IGNORECASE)
        return Cover(
            Finding(Framework.ILACS, Confidence.MEDIUM, reason, page.number, joined),
            False,
            Finding(joined, Confidence.HIGH, None, page.number, joined),
            Finding(named.group(1).strip(), Confidence.MEDIUM, reason, page.number, joined)
            if named
            else missing("the title names no authority in a known form", page=page.number, printed=joined),
        )
    sentence = opening_sentence(pages)
    for framework, pattern in _TITLES:
        # The letter says what it summarises, also where its title has another wording or is set like the text.
        if sentence and kind_of(framework) is not ReportKind.FULL_INSPECTION:
            match = re.search(pattern, sentence, re.IGNORECASE)
            if match:
                reason = "recognised by its opening sentence; the title has another wording"
                name = _authority(sentence, match, framework, [])
                return Cover(
                    Finding(framework, Confidence.MEDIUM, reason, page.number, match.group(0)),
                    False,
                    Finding(joined, Confidence.MEDIUM, reason, page.number, joined),
                    name,
                )
    reason = "the title is none of the known frameworks"
    return Cover(
        missing(reason, page=page.number, printed=joined),
        False,
        Finding(joined, Confidence.MEDIUM, "what is above the dates on the first page", page.number, joined),
        missing(reason, page=page.number, printed=joined),
    )


def authority_key(name: str) -> str:
    """Name of an authority as a key that printed variants share: "Metropolitan Borough of Barnsley" -> "barnsley".

    Small letters, "&" as "and", no words for the kind of authority, no punctuation. It is for matching names of one
    publisher with each other; which authority a key means is the caller's to resolve.
    """
    key = name.lower().replace("&", " and ").replace("-", " ")
    key = re.sub(r"['\u2019\u2018`.]", "", key)
    key = re.sub(r"[^a-z ]", " ", key)
    key = re.sub(
        r"\b(?:the|royal|london|metropolitan|district|borough|county|city|unitary|authority|council|of|area|corporation"
        r"|safeguarding|children|childrens|families|family|trust|services|board|upon|on)\b",
        " ",
        key,
    )
    key = re.sub(r"^(?: *and\b)+|(?:\band *)+$", "", " ".join(key.split()))
    # "City of London" consists of such words alone.
    return key.strip() or " ".join(re.sub(r"[^a-z ]", " ", name.lower()).split())


def _title_block(page: Page, body: float) -> list[Line]:
    block: list[Line] = []
    for line in page.lines:
        if line.text.isdigit() or is_small(line, body):
            continue
        if _LABEL.match(line.text) or _TABLE.match(line.text):
            break
        block.append(line)
        if len(block) == 12:
            break
    return block


def _without_name(title: str, name: Finding[str], match: re.Match[str]) -> str:
    """A title that ends with the name of the authority, without it; a name inside the title stays."""
    if (
        name.value
        and title.endswith(name.value)
        and name.value not in match.group(0)
        and not re.search(r"(?:within|to|in|at|of)$", title[: -len(name.value)].strip())
    ):
        return title[: -len(name.value)]
    return title


def _authority(joined: str, match: re.Match[str], framework: Framework, block: list[Line]) -> Finding[str]:
    before = joined[: match.start()].strip(" -\u2013")
    # "Thematic visit to Kent": what is before it is no name.
    if (
        before
        and framework is not Framework.VISIT
        and not re.search(r"\b(?:unannounced|annual|dear|ofsted|joint)\b", before, re.IGNORECASE)
    ):
        return Finding(before, Confidence.HIGH, None, 1, before)
    if framework is Framework.ILACS:
        inside = re.match(
            rf"(?:re-? ?)?inspection of (?!local authority|children)(.+?) children{_APOSTROPHE}s",
            match.group(0),
            re.IGNORECASE,
        )
        if inside:
            return Finding(inside.group(1), Confidence.HIGH, None, 1, match.group(0))
    within = re.match(
        rf"(?: arrangements)? (?:within|to|in|at|of) (.+?)(?: children{_APOSTROPHE}s services\b.*| *$)",
        joined[match.end() :],
    )
    if within:
        return Finding(within.group(1), Confidence.HIGH, None, 1, joined)
    after = joined[match.end() :].strip(" :-\u2013")
    after = re.sub(r"^(?:,? children looked after and care leavers\d*|in)\s*", "", after, flags=re.IGNORECASE)
    after = re.split(r"\band review of the effectiveness\b", after, flags=re.IGNORECASE)[0].strip()
    if after and len(after) <= 90:
        return Finding(after, Confidence.HIGH if len(block) > 1 else Confidence.MEDIUM, None, 1, after)
    return missing("the title names no authority in a known form", page=1, printed=joined)
