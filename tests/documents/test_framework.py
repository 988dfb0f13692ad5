"""Framework, title and authority from the first page."""

from __future__ import annotations

import pytest

from flows.documents.finding import Confidence
from flows.documents.framework import Cover, Framework, authority_key, read_cover
from flows.documents.pdf import DocumentText, read_pages
from tests.documents.printed import ILACS_ROWS, Sheet, ilacs_cover, prose, sif_cover


def cover(sheet: Sheet) -> Cover:
    read = read_pages(prose(sheet.page()).page().pdf())
    assert isinstance(read, DocumentText)
    return read_cover(read.pages)


def titled(*lines: str) -> Sheet:
    return Sheet().heading(*lines).heading("Inspection dates: 8 – 12 July 2013")


def test_single_inspection() -> None:
    found = cover(sif_cover(Sheet()))
    assert found.framework.value is Framework.SIF
    assert found.framework.confidence is Confidence.HIGH
    assert not found.is_reinspection
    assert found.authority.value == "Nowhere Borough Council"
    assert str(found.title.value).endswith("Local Safeguarding Children Board")


@pytest.mark.parametrize(
    "first",
    [
        "Re-inspection of services for children in need of help and",
        "Reinspection of services for children in need of help and",
    ],
)
def test_reinspection_under_the_single_framework(first: str) -> None:
    title = (first, "protection, children looked after and care leavers")
    found = cover(sif_cover(Sheet(), title=title, board=False))
    assert found.framework.value is Framework.SIF
    assert found.is_reinspection
    assert found.authority.value == "Nowhere Borough Council"


@pytest.mark.parametrize(
    ("lines", "framework", "authority"),
    [
        (
            ("Inspection of looked after children", "services", "Nowhere County Council"),
            Framework.TLAC,
            "Nowhere County Council",
        ),
        (("Inspection of safeguarding and looked after", "children services", "Nowhere"), Framework.SLAC, "Nowhere"),
        (
            ("Inspection of local authority arrangements", "for the protection of children", "Nowhere City Council"),
            Framework.CPI,
            "Nowhere City Council",
        ),
        (
            (
                "Nowhere Safeguarding Children Board",
                "Review of the effectiveness of the Local Safeguarding Children",
                "Board",
            ),
            Framework.LSCB_REVIEW,
            "Nowhere Safeguarding Children Board",
        ),
        (("Inspection of Nowhere County Council", "children’s services"), Framework.ILACS, "Nowhere County Council"),
        (("Re-inspection of Nowhere County Council", "children’s services"), Framework.ILACS, "Nowhere County Council"),
        (("Inspection of children’s services in Nowhere",), Framework.ILACS, "Nowhere"),
        (("Nowhere", "Inspection of children's social care services"), Framework.ILACS, "Nowhere"),
        (("Nowhere", "Inspection of local authority children’s services"), Framework.ILACS, "Nowhere"),
        (
            ("Focused visit to Nowhere City Council children’s services",),
            Framework.FOCUSED_VISIT,
            "Nowhere City Council",
        ),
        (("Monitoring visit to Nowhere children’s services",), Framework.MONITORING_VISIT, "Nowhere"),
        (("Joint targeted area inspection of Nowhere",), Framework.JTAI, "Nowhere"),
        (
            (
                "Annual unannounced inspection of contact, referral and",
                "assessment arrangements within Nowhere children’s services",
            ),
            Framework.UNANNOUNCED_CONTACT,
            "Nowhere",
        ),
    ],
)
def test_titles(lines: tuple[str, ...], framework: Framework, authority: str) -> None:
    found = cover(titled(*lines))
    assert found.framework.value is framework
    assert found.authority.value == authority


def test_ilacs_with_the_name_above_its_title() -> None:
    found = cover(ilacs_cover(Sheet()))
    assert found.framework.value is Framework.ILACS
    assert (found.title.value, found.authority.value) == (
        "Inspection of children’s social care services",
        "Nowhere County Council",
    )


def test_ilacs_of_a_trust_is_recognised_by_its_table() -> None:
    found = cover(
        ilacs_cover(Sheet(), name=None, title="Inspection of Nowhere Children and Families Trust", rows=ILACS_ROWS)
    )
    assert found.framework.value is Framework.ILACS
    assert found.framework.confidence is Confidence.MEDIUM
    assert found.authority.value == "Nowhere Children and Families Trust"


def test_another_document_has_a_reason() -> None:
    found = cover(Sheet().heading("A guide to the garden").line("Published: 8 July 2013"))
    assert found.framework.value is None
    assert found.framework.printed == "A guide to the garden"
    assert found.authority.reason


@pytest.mark.parametrize(
    ("names", "key"),
    [
        (("Metropolitan Borough of Barnsley Council", "Barnsley", "Barnsley Metropolitan Borough Council"), "barnsley"),
        (("Royal Borough of Kingston upon Thames Council", "Kingston Upon Thames"), "kingston thames"),
        (("Hammersmith & Fulham", "London Borough of Hammersmith and Fulham"), "hammersmith and fulham"),
        (("St. Helens", "St Helens Metropolitan Borough Council"), "st helens"),
        (("City of London",), "city of london"),
        (("Bristol City of", "Bristol City Council"), "bristol"),
        (("Bradford Children and Families Trust", "City of Bradford Metropolitan District Council"), "bradford"),
        (("Southend-on-Sea", "Southend on Sea"), "southend sea"),
    ],
)
def test_names_of_one_authority_share_a_key(names: tuple[str, ...], key: str) -> None:
    assert {authority_key(name) for name in names} == {key}
