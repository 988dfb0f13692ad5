"""The site in a real browser: pages without errors, search, the way back to a cell, a phone's width, print."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.installation import Installation

AXE = Path(__file__).parent / "vendor" / "axe.min.js"

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


def open_page(browser: Any, page: Path, chosen: str = "") -> None:
    # A page that is open already does not load again for another choice.
    browser.get("about:blank")
    browser.get(page.as_uri() + (f"#{chosen}" if chosen else ""))
    if browser.find_elements("id", "choice"):
        drawn(browser)
    errors = [e for e in browser.get_log("browser") if e["level"] in {"SEVERE", "WARNING"}]
    assert errors == [], f"{page.name}: {errors}"
    assert browser.find_element("tag name", "h1").text


def drawn(browser: Any) -> None:
    """Wait until the compare page or the map shows what its address says."""
    from selenium.webdriver.support.ui import WebDriverWait

    WebDriverWait(browser, 10).until(
        lambda b: b.execute_script("return document.body.dataset.drawn === location.hash && location.hash !== ''")
    )


def some(folder: Path, most: int) -> list[Path]:
    found = sorted(folder.glob("*.html"))
    return found[:: max(1, len(found) // most)]


def test_pages_of_every_kind_render_without_a_word_in_the_console(browser: Any, site: Path) -> None:
    pages = [
        *site.glob("*.html"),
        *some(site / "studies", 10),
        *some(site / "authorities", 12),
        *some(site / "measures", 12),
    ]
    for page in pages:
        open_page(browser, page)


@pytest.mark.slow
def test_every_page_renders_without_a_word_in_the_console(browser: Any, site: Path) -> None:
    for page in [
        *site.glob("*.html"),
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
        ("bcp", "authorities/839.html"),
        ("N Yorks", "authorities/815.html"),
        ("poole", "authorities/836.html"),
        ("poole", "authorities/839.html"),
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
    from selenium.webdriver.support.ui import WebDriverWait

    open_page(browser, site / "authorities" / "886.html")
    card = browser.find_element("css selector", 'article[data-m="cin_at_31_march_rate_per_10k"]')
    card.find_element("tag name", "summary").click()
    row = next(r for r in card.find_elements("css selector", "tbody tr") if r.text.startswith("2016"))
    button = row.find_element("css selector", "button.t")
    browser.execute_script("arguments[0].scrollIntoView()", button)
    shown = button.text
    button.click()
    WebDriverWait(browser, 10).until(lambda b: "sha256" in b.find_element("id", "traced").text)
    told = browser.find_element("id", "traced").text
    assert "What each edition says" in told
    assert f": {shown} ← in use" in told
    assert "csw trace --la 886 --measure cin_at_31_march_rate_per_10k --year 2016" in told
    # The figure that leads, too.
    browser.find_element("css selector", "dialog .close").click()
    big = card.find_element("css selector", ".big button")
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", big)
    year = card.find_element("css selector", ".big").get_attribute("data-y")
    big.click()
    WebDriverWait(browser, 10).until(lambda b: f"--year {year}" in b.find_element("id", "traced").text)
    assert f": {big.text} ← in use" in browser.find_element("id", "traced").text
    assert browser.execute_script("const d = document.getElementById('trace'); return d.scrollWidth <= d.clientWidth")
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
    browser.find_element("id", "unfold").click()
    assert browser.find_elements("css selector", "main details:not([open])") == []
    head = next(h for h in browser.find_elements("css selector", "table.sortable th") if h.text == "verdict")
    browser.execute_script("arguments[0].scrollIntoView()", head)
    head.click()
    column = [td.text for td in browser.find_elements("css selector", "td.verdict")]
    assert len(set(column)) > 1
    assert column == sorted(column)


@pytest.mark.parametrize(
    "page",
    [
        "index.html",
        "compare.html#la=886,815,839",
        "map.html",
        "authorities/886.html",
        "measures/referrals_rate_per_10k.html",
        "studies/inspection_impact.html",
    ],
)
def test_a_page_fits_a_phone(browser: Any, site: Path, page: str) -> None:
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    )
    try:
        open_page(browser, site / page.partition("#")[0], page.partition("#")[2])
        assert browser.execute_script("return document.documentElement.scrollWidth") <= 390
        if page.startswith("studies/"):
            assert browser.execute_script("return document.documentElement.scrollHeight") <= 12 * 844
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


@pytest.mark.parametrize("code", ["886", "420", "836"])
def test_an_authority_is_two_pages_of_paper(browser: Any, site: Path, code: str) -> None:
    import base64

    import pypdfium2

    open_page(browser, site / "authorities" / f"{code}.html")
    printed = browser.execute_cdp_cmd("Page.printToPDF", {"paperWidth": 8.27, "paperHeight": 11.69})
    assert len(pypdfium2.PdfDocument(base64.b64decode(printed["data"]))) <= 2


COMPARED = (
    "la=886,815,839&m=rereferrals_pct&m2=cla_at_31_march_rate_per_10k&among=region&with=england,region,neighbours"
)


def test_what_is_compared_stands_in_the_address(browser: Any, site: Path) -> None:
    open_page(browser, site / "compare.html", COMPARED)
    chips = [a.text for a in browser.find_elements("css selector", "#chips a")]
    assert chips == ["Kent", "North Yorkshire", "Bournemouth, Christchurch and Poole"]
    for figure in ("trend", "ranked", "scatter"):
        assert browser.find_element("css selector", f"#{figure} .plot svg[role=img]").get_attribute("aria-label")
    box = browser.find_element("name", "add")
    box.send_keys("essex\n")
    browser.find_element("css selector", "#chips button").click()
    drawn(browser)
    assert "la=815,839,881&" in browser.current_url
    again = browser.current_url
    browser.get("about:blank")
    browser.get(again)
    drawn(browser)
    assert browser.current_url == again
    assert len(browser.find_elements("css selector", "#chips a")) == 3


def test_what_is_compared_is_what_the_mart_says(browser: Any, site: Path, published: Installation) -> None:
    import duckdb

    open_page(browser, site / "compare.html", COMPARED)
    asked = """
        select la_code, year, value, value_status, rank_in_england, quartile_in_england, neighbour_median
        from marts.fct_la_year_benchmark where measure_id = 'rereferrals_pct' and la_code in ('886', '815', '839')
    """
    with duckdb.connect(str(published.settings.published), read_only=True) as con:
        mart = {(la, year): rest for la, year, *rest in con.execute(asked).fetchall()}
    script = """
        let held;
        CSW.load(["rereferrals_pct"], h => { held = h[0]; });
        return ["886", "815", "839"].flatMap(la => held.years.map(y => CSW.cell(held, la, y)).filter(Boolean));
    """
    cells = browser.execute_script(script)
    assert len(cells) == len(mart)
    words = browser.execute_script("return CSW.statuses")
    for c in cells:
        value, status, rank, quartile, neighbours = mart[c["code"], c["year"]]
        assert (c["value"], c["rank"], c["quartile"]) == (value, rank, quartile)
        assert (c["value"] is None) == (c["status"] != "r") == (status != "reported")
        assert c["neighbours"] == (None if neighbours is None else pytest.approx(neighbours, abs=6e-5))
        assert words[c["status"]]


def test_a_gap_is_drawn_as_one(browser: Any, site: Path, published: Installation) -> None:
    """A withheld figure has a mark of its own, no point on the line, and no number in the table or the file."""
    import duckdb

    asked = """
        select la_code, measure_id, year, value_status from marts.fct_la_year_benchmark
        inner join marts.dim_local_authority using (la_code)
        where value_status = 'suppressed' and is_current order by all limit 1
    """
    with duckdb.connect(str(published.settings.published), read_only=True) as con:
        found = con.execute(asked).fetchone()
        assert found
        la, measure, year, _ = found
        count = "select count(value) from marts.fct_la_year_benchmark where la_code = ? and measure_id = ?"
        held = con.execute(count, [la, measure]).fetchone()
    assert held
    open_page(browser, site / "compare.html", f"la={la}&m={measure}&with=none&year={year}")
    titles = [t.get_attribute("textContent") for t in browser.find_elements("css selector", "#trend svg title")]
    assert any(f"{year}: withheld" in t for t in titles)
    points = "return document.querySelectorAll('#trend .points > *').length"
    assert browser.execute_script(points) == held[0]
    taken = "let t; const b = Blob; window.Blob = function (p) { t = p[0]; return new b(p); }; "
    taken += "document.querySelector('#trend [data-take=csv]').click(); window.Blob = b; return t"
    lines = browser.execute_script(taken).splitlines()
    columns = lines[0].lstrip("\ufeff").split(",")
    row = next(r for r in lines if f",{year}," in r)
    assert row.split(",")[0] == la
    assert ",,withheld to protect" in row
    assert columns[:2] == ["la_code", "la_name"]


def test_a_chart_can_be_taken_away(browser: Any, site: Path) -> None:
    open_page(browser, site / "compare.html", COMPARED)
    script = """
        const done = arguments[0];
        CSW.takePng(document.getElementById("trend"), "picture", async blob => {
            const bitmap = await createImageBitmap(blob);
            done([blob.type, bitmap.width, bitmap.height]);
        });
    """
    kind, width, height = browser.execute_async_script(script)
    assert kind == "image/png"
    assert width > 1000
    assert height > 700


def test_numbers_read_alike_on_every_page(browser: Any, site: Path) -> None:
    from analysis.report import words

    open_page(browser, site / "index.html")
    for unit in ("count", "fte", "pct", "per_10k", "ratio", "score", "gbp"):
        for value in (
            0,
            -0.04,
            0.05,
            0.15,
            1.25,
            1.35,
            12.34,
            999.95,
            99_999,
            100_000,
            1_234_567.8,
            2.5e9,
            -1234.5,
            -0.25,
            None,
        ):
            shown = browser.execute_script("return window.number(arguments[0], arguments[1])", value, unit)
            assert shown == words.number(value, unit), (value, unit)


def test_the_map_has_a_square_for_each_authority(browser: Any, site: Path) -> None:
    open_page(browser, site / "map.html", "m=rereferrals_pct")
    squares = browser.find_elements("css selector", "#map .plot rect")
    assert len(squares) == 153
    browser.execute_script("document.querySelector('#map details').open = true")
    rows = browser.find_elements("css selector", "#table tbody tr")
    assert len(rows) == 153
    titles = [
        t.get_attribute("textContent").split("\n")[0] for t in browser.find_elements("css selector", "#map title")
    ]
    place = titles.index("Kent")
    browser.execute_script("arguments[0].dispatchEvent(new MouseEvent('click', {bubbles: true}))", squares[place])
    assert browser.current_url.endswith("authorities/886.html")


@pytest.mark.parametrize(
    "page",
    [
        "index.html",
        f"compare.html#{COMPARED}",
        "map.html",
        "authorities/886.html",
        "authorities/836.html",
        "measures/rereferrals_pct.html",
        "measures/population_0_17.html",
        "studies/inspection_factors.html",
        "studies/report_themes.html",
        "studies/value_added.html",
    ],
)
def test_nobody_is_kept_out(browser: Any, site: Path, page: str) -> None:
    """No violation of axe's rules (WCAG 2.2 and good practice), every fold open."""
    open_page(browser, site / page.partition("#")[0], page.partition("#")[2])
    browser.execute_script("document.querySelectorAll('main details').forEach(d => d.open = true)")
    browser.execute_script(AXE.read_text(encoding="utf-8"))
    found = browser.execute_async_script(
        "const done = arguments[0]; axe.run({preload: false, resultTypes: ['violations']}).then(r => done("
        "r.violations.map(v => [v.id, v.nodes.map(n => n.html.slice(0, 120))])))"
    )
    assert found == []
