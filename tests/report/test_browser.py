"""The site in a real browser: pages without errors, search, the way back to a cell, a phone's width, print."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.installation import Installation

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None or DRIVER is None,
    reason="chromium and chromedriver are not installed (Debian: apt-get install chromium chromium-driver)",
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for switch in (
        "headless",
        "no-sandbox",
        "disable-gpu",
        "disable-quic",
        "no-first-run",
        "disable-background-networking",
        "disable-component-update",
        "disable-sync",
        "window-size=1280,900",
        f"user-data-dir={tmp_path_factory.mktemp('chromium')}",
    ):
        options.add_argument(f"--{switch}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(executable_path=str(DRIVER)))
    driver.set_page_load_timeout(30)
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def site(published: Installation) -> Path:
    return published.settings.report


def open_page(browser: Any, page: Path) -> None:
    browser.get(page.as_uri())
    errors = [e for e in browser.get_log("browser") if e["level"] in {"SEVERE", "WARNING"}]
    assert errors == [], f"{page.name}: {errors}"
    assert browser.find_element("tag name", "h1").text


def some(folder: Path, most: int) -> list[Path]:
    found = sorted(folder.glob("*.html"))
    return found[:: max(1, len(found) // most)]


def test_pages_of_every_kind_render_without_a_word_in_the_console(browser: Any, site: Path) -> None:
    pages = [
        site / "index.html",
        *some(site / "studies", 10),
        *some(site / "authorities", 12),
        *some(site / "measures", 12),
    ]
    for page in pages:
        open_page(browser, page)


@pytest.mark.slow
def test_every_page_renders_without_a_word_in_the_console(browser: Any, site: Path) -> None:
    for page in [
        site / "index.html",
        *(p for d in ("studies", "authorities", "measures") for p in some(site / d, 10_000)),
    ]:
        open_page(browser, page)


@pytest.mark.parametrize(
    ("asked", "leads_to"),
    [
        ("kent", "authorities/886.html"),
        ("CINAt310316RatePer10K", "measures/cin_at_31_march_rate_per_10k.html"),
        ("foretold", "studies/inadequate_prediction.html"),
        ("e10000016", "authorities/886.html"),
    ],
)
def test_search_leads_to_the_page(browser: Any, site: Path, asked: str, leads_to: str) -> None:
    from selenium.webdriver.common.keys import Keys

    open_page(browser, site / "measures" / "agency_rate_pct.html")
    box = browser.find_element("id", "q")
    box.send_keys(asked)
    hits = [a.get_attribute("href") for a in browser.find_elements("css selector", "#hits a")]
    assert (site / leads_to).as_uri() in hits
    box.send_keys(Keys.ENTER)
    assert browser.current_url == hits[0]


def test_nothing_found_is_said(browser: Any, site: Path) -> None:
    open_page(browser, site / "index.html")
    browser.find_element("id", "q").send_keys("zzzz")
    assert browser.find_element("id", "hits").text == "Nothing is called that."


def test_a_figure_shows_where_it_comes_from(browser: Any, site: Path) -> None:
    open_page(browser, site / "authorities" / "886.html")
    selector = 'button.t[data-m="cin_at_31_march_rate_per_10k"][data-y="2016"]'
    button = browser.find_element("css selector", selector)
    browser.execute_script("arguments[0].closest('details').open = true; arguments[0].scrollIntoView()", button)
    shown = button.text
    button.click()
    from selenium.webdriver.support.ui import WebDriverWait

    WebDriverWait(browser, 10).until(lambda b: "sha256" in b.find_element("id", "traced").text)
    told = browser.find_element("id", "traced").text
    assert "What each edition says" in told
    assert f": {shown} ← stands" in told
    assert "csw trace --la 886 --measure cin_at_31_march_rate_per_10k --year 2016" in told
    assert [e for e in browser.get_log("browser") if e["level"] == "SEVERE"] == []


def test_a_figure_of_a_study_can_be_followed(browser: Any, site: Path) -> None:
    from selenium.webdriver.support.ui import Select, WebDriverWait

    open_page(browser, site / "studies" / "performance_indicators.html")
    for name, value in (("la", "330"), ("m", "cla_dental_check_pct"), ("y", "2018")):
        Select(browser.find_element("name", name)).select_by_value(value)
    button = browser.find_element("id", "follow")
    browser.execute_script("arguments[0].scrollIntoView()", button)
    button.click()
    WebDriverWait(browser, 10).until(lambda b: "sha256" in b.find_element("id", "traced").text)
    assert "--la 330 --measure cla_dental_check_pct --year 2018" in browser.find_element("id", "traced").text


def test_tables_sort(browser: Any, site: Path) -> None:
    open_page(browser, site / "studies" / "inspection_factors.html")
    head = next(h for h in browser.find_elements("css selector", "table.sortable th") if h.text == "verdict")
    browser.execute_script("arguments[0].scrollIntoView()", head)
    head.click()
    column = [td.text for td in browser.find_elements("css selector", "td.verdict")]
    assert len(set(column)) > 1
    assert column == sorted(column)


@pytest.mark.parametrize(
    "page",
    ["index.html", "authorities/886.html", "measures/referrals_rate_per_10k.html", "studies/inspection_impact.html"],
)
def test_a_page_fits_a_phone(browser: Any, site: Path, page: str) -> None:
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    )
    try:
        open_page(browser, site / page)
        assert browser.execute_script("return document.documentElement.scrollWidth") <= 390
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_print_leaves_out_what_paper_cannot_do(browser: Any, site: Path) -> None:
    open_page(browser, site / "authorities" / "886.html")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        for selector in ("nav", ".search"):
            assert not browser.find_element("css selector", selector).is_displayed()
        assert browser.find_element("tag name", "h1").is_displayed()
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
