"""Data Docs: pages that open without a network, with the failing rows and where they stand in the publisher's file."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from expectations.data_docs import BUNDLED, STATIC, write_data_docs
from expectations.gate.check import check_gate
from tests.unit.expectations_landing import census, outturn, write_landing


class Links(HTMLParser):
    """Addresses of a page, and its anchors."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.anchors: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("href", "src", "action", "data-src") and value is not None:
                self.addresses.append(value)
            if name in ("id", "name") and value:
                self.anchors.add(value)


@pytest.fixture(scope="module")
def docs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of Data Docs of a gate that found two faults."""
    folder = tmp_path_factory.mktemp("docs")
    first, second = census("2015"), outturn()
    first.rows[7].cells[1] = "q"
    second.rows.append(second.rows[10])
    landed = write_landing(folder / "landed", first, census("2016"), second)
    return write_data_docs(folder / "pages", check_gate(landed.landing, landed.seeds)).parent


def pages(folder: Path) -> list[Path]:
    found = sorted(folder.rglob("*.html"))
    assert len(found) > 15
    return found


def test_every_address_is_a_file_of_the_folder_or_an_anchor_of_the_page(docs: Path) -> None:
    n_addresses = 0
    for page in pages(docs):
        links = Links()
        links.feed(page.read_text(encoding="utf-8"))
        assert links.addresses
        for address in links.addresses:
            n_addresses += 1
            if address.startswith("#"):
                assert address == "#" or address[1:] in links.anchors, f"{page.name}: {address}"
                continue
            assert not re.match(r"[a-z]+:|//", address), f"{page.name}: {address}"
            target = (page.parent / unquote(address.partition("?")[0].partition("#")[0])).resolve()
            assert target.is_relative_to(docs.resolve()), f"{page.name}: {address}"
            assert target.is_file(), f"{page.name}: {address}"
    assert n_addresses > 200


def test_the_rows_of_the_index_lead_to_pages(docs: Path) -> None:
    """The index is a table that a script draws; its rows hold their page in the script's data."""
    text = (docs / "index.html").read_text(encoding="utf-8")
    targets = re.findall(r"'_table_row_link_path': '([^']*)'", text)
    assert len(targets) > 15
    for target in targets:
        assert (docs / unquote(target)).is_file(), target


def test_no_page_names_a_server(docs: Path) -> None:
    for page in pages(docs):
        assert "://" not in re.sub(r"http://www\.w3\.org/\S*", "", page.read_text(encoding="utf-8")), page


def test_no_style_names_a_server() -> None:
    for path in STATIC.glob("*.css"):
        addresses = re.findall(r"url\(([^)]*)\)|@import\s+(\S+)", path.read_text(encoding="utf-8"))
        assert all(a.strip("\"'").startswith(("data:", "")) and "http" not in a[:8] for a, _ in addresses), path
        assert "sourceMappingURL" not in path.read_text(encoding="utf-8")


def test_what_is_bundled_is_there_and_its_licence_too() -> None:
    assert {*BUNDLED.values()} <= {p.name for p in STATIC.iterdir()}
    licences = (STATIC / "LICENSES.txt").read_text(encoding="utf-8")
    for name in ("Bootstrap", "jQuery", "bootstrap-table"):
        assert name in licences


def test_failing_rows_stand_with_their_place_in_the_file(docs: Path) -> None:
    symbols = next(docs.glob("validations/gate_symbols_sfr/**/*.html")).read_text(encoding="utf-8")
    for said in ("census_2015.csv", "Referrals1415", "file_row", "value_symbol.csv"):
        assert said in symbols
    keys = next(docs.glob("validations/gate_keys/**/*.html")).read_text(encoding="utf-8")
    assert re.search(r">\s*12, 302\s*<", keys)
    assert "2 unexpected values found" in keys


def test_names_are_steady_and_no_path_of_the_machine_stands_there(docs: Path, tmp_path: Path) -> None:
    landed = write_landing(tmp_path / "landed", census("2015"), census("2016"), outturn())
    again = write_data_docs(tmp_path / "pages", check_gate(landed.landing, landed.seeds)).parent
    assert {p.relative_to(again) for p in pages(again)} == {p.relative_to(docs) for p in pages(docs)}
    for page in pages(again):
        assert str(tmp_path) not in page.read_text(encoding="utf-8")


def test_pages_take_the_place_of_those_before(tmp_path: Path) -> None:
    landed = write_landing(tmp_path / "landed", census())
    result = check_gate(landed.landing, landed.seeds)
    page = write_data_docs(tmp_path / "pages", result)
    (page.parent / "left_over.html").write_text("old")
    write_data_docs(tmp_path / "pages", result)
    assert not (page.parent / "left_over.html").exists()
