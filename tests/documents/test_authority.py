"""Whose report it is: from its title under any file name, from Ofsted's number, from the file's name, by hand."""

from __future__ import annotations

from datetime import date

import pytest

from flows.common.settings import ROOT
from flows.documents.authority import Authorities, load_authorities

NOW = date(2024, 5, 1)


@pytest.fixture(scope="module")
def authorities() -> Authorities:
    return load_authorities(ROOT / "dbt_project" / "seeds")


@pytest.mark.parametrize(
    ("title", "code"),
    [
        ("Inspection of Dorset local authority children’s services", "838"),
        ("Inspection of City of London Corporation children’s services", "201"),
        ("Inspection of the Council of the Isles of Scilly children’s services", "420"),
        ("Inspection of Bournemouth, Christchurch and Poole local authority children’s services", "839"),
        ("Royal Borough of Windsor & Maidenhead", "868"),
        ("Bath and North East Somerset Council Inspection of children’s social care services", "800"),
        ("Inspection of North East Lincolnshire local authority children’s services", "812"),
        ("Focused visit to the London Borough of Barking and Dagenham children’s services", "301"),
        ("Focused visit to Southend-On-Sea children’s services", "882"),
        ("Joint targeted area inspection of the multi-agency response to neglect in Stoke-on-Trent", "861"),
        ("Inspection of East Riding local authority children’s services", "811"),
        ("Kingston Upon Hull City Council", "810"),
        ("Royal Borough of Kingston upon Thames", "314"),
        ("Inspection of Bradford Children and Families Trust", "380"),
        ("St. Helens Metropolitan Borough Council", "342"),
        ("Bristol City Council", "801"),
        ("Inspection of Herefordshire local authority children’s services", "884"),
        ("Inspection of Westmorland and Furness local authority children’s services", "943"),
        ("Inspection of Westmorland & Furness Council’s children’s services", "943"),
        ("Inspection of Kent’s services for children", "886"),
        ("Inspection of Cheshire West and Chester’s children’s services", "896"),
        ("Inspection of Cheshire East’s children’s services", "895"),
        ("Inspection of St Helen’s children’s services", "342"),
        ("Joint targeted area inspection in the North West: Salford", "355"),
        ("Inspection of North Yorkshire Council children’s services", "815"),
        ("Inspection of Achieving for Children on behalf of Kingston upon Thames children’s services", "314"),
    ],
)
def test_the_title_names_the_authority(authorities: Authorities, title: str, code: str) -> None:
    place = authorities.place([title], None, "50276411.pdf", NOW)
    assert (place.la_code, place.basis, place.reason) == (code, "title", None)


@pytest.mark.parametrize(
    ("title", "on", "code"),
    [
        ("Inspection of Northamptonshire local authority children’s services", date(2021, 6, 1), "928"),
        ("Inspection of Northamptonshire Children’s Trust", date(2024, 6, 1), None),
        ("Inspection of Cumbria local authority children’s services", date(2023, 9, 1), "909"),
        ("Inspection of Cumbria local authority children’s services", date(2026, 1, 1), None),
        ("Inspection of Bedfordshire", date(2026, 1, 1), None),
    ],
)
def test_an_authority_that_is_long_gone_is_not_meant(
    authorities: Authorities, title: str, on: date, code: str | None
) -> None:
    assert authorities.place([title], None, "a.pdf", on).la_code == code


@pytest.mark.parametrize(
    "title", ["Inspection of East Surrey children’s services", "Area SEND inspection of Greater Essex", "Mid Devon"]
)
def test_a_part_of_a_place_or_a_place_around_it_is_another_place(authorities: Authorities, title: str) -> None:
    place = authorities.place([title], None, "50276411.pdf", NOW)
    assert (place.la_code, place.basis) == (None, None)
    assert "no known authority is named" in str(place.reason)
    # What people or Ofsted's number say still counts.
    assert authorities.place([title], 80567, "50276411.pdf", NOW).basis == "number"


@pytest.mark.parametrize(
    "title",
    [
        "Inspection of Newcastle-under-Lyme children’s services",
        "Focused visit to Newcastle under Lyme",
        "Inspection of Derbyshire Dales",
        "Inspection of Bury St Edmunds children’s services",
        "Visit to Bradford on Avon",
        "Inspection of Reading-by-the-Sea children’s services",
    ],
)
def test_another_place_whose_name_contains_that_of_an_authority_is_not_meant(
    authorities: Authorities, title: str
) -> None:
    for file in ("50276411.pdf", f"{title}.pdf", "inspection-of-newcastle-under-lyme-2026.pdf"):
        assert authorities.place([title], None, file, NOW).la_code is None
    assert authorities.place([f"{title}, in Staffordshire"], None, "a.pdf", NOW).la_code == "860"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Newcastle-upon-Tyne", "391"),
        ("Inspection of Newcastle-upon-Tyne children’s services", "391"),
        ("Visit to Stoke-on-Trent", "861"),
        ("Inspection of Southend-on-Sea City Council", "882"),
        ("Inspection of Kingston-upon-Hull", "810"),
        ("80525_newcastle-on-12-may-2026", "391"),
    ],
)
def test_an_authority_whose_name_is_of_several_words_is_meant(authorities: Authorities, text: str, code: str) -> None:
    assert authorities.named_in(text, NOW) == [code]


def test_every_authority_is_found_by_its_own_name_and_has_a_number(authorities: Authorities) -> None:
    import pandas as pd

    seed = pd.read_csv(ROOT / "dbt_project" / "seeds" / "local_authority.csv", dtype=str)
    current = seed[seed["valid_to"].isna()]
    for row in current.to_dict("records"):
        title = f"Inspection of {row['la_name']} local authority children’s services"
        assert authorities.place([title], None, "a.pdf", None).la_code == row["la_code"], title
    numbered = {named.la_code for entries in authorities.numbers.values() for named in entries}
    assert numbered == set(current["la_code"])


def test_of_two_authorities_of_one_name_the_one_of_its_day_is_meant(authorities: Authorities) -> None:
    title = "Inspection of Dorset children’s services"
    assert authorities.place([title], None, "", date(2016, 3, 1)).la_code == "835"
    assert authorities.place([title], None, "", date(2021, 3, 1)).la_code == "838"
    assert authorities.place(["Northamptonshire County Council"], None, "", date(2018, 3, 1)).la_code == "928"
    # Published after the authority had ended, under a name that nobody bears now.
    assert authorities.place(["Cumbria County Council"], None, "", date(2023, 6, 1)).la_code == "909"


def test_what_the_title_leaves_open_the_number_and_the_name_of_the_file_tell(authorities: Authorities) -> None:
    place = authorities.place(["Inspection of children’s services"], 80418, "a.pdf", NOW)
    assert (place.la_code, place.basis) == ("926", "number")
    place = authorities.place([None], None, "Shropshire ILACS report 2025.pdf", NOW)
    assert (place.la_code, place.basis) == ("893", "file name")
    place = authorities.place([None], None, "80546_windsor-maidenhead/report.pdf", NOW)
    assert (place.la_code, place.basis) == ("868", "file name")


def test_a_folder_or_a_file_called_after_another_place_does_not_hide_the_title(authorities: Authorities) -> None:
    place = authorities.place(["Inspection of Kent children’s services"], None, "reading/surrey.pdf", NOW)
    assert (place.la_code, place.basis) == ("886", "title")


@pytest.mark.parametrize(
    ("titles", "number", "path", "words"),
    [
        (["Inspection of Nowhere"], None, "a.pdf", "no known authority"),
        (["Inspection of Kent"], 80418, "a.pdf", "its number is that of 926"),
        (["Joint inspection of Kent and Medway"], None, "a.pdf", "more than one authority: 886, 887"),
        ([None], 80418, "kent.pdf", "the name of its file that of 886"),
    ],
)
def test_what_cannot_be_placed_says_why(
    authorities: Authorities, titles: list[str | None], number: int | None, path: str, words: str
) -> None:
    place = authorities.place(titles, number, path, NOW)
    assert (place.la_code, place.basis) == (None, "conflict" if "that of" in words else None)
    assert words in str(place.reason)


def test_a_title_of_two_authorities_is_settled_by_a_number_of_one_of_them(authorities: Authorities) -> None:
    place = authorities.place(["Joint inspection of Norfolk and Suffolk"], 80418, "a.pdf", NOW)
    assert (place.la_code, place.basis) == ("926", "number")
