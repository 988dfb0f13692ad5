"""The table and the chart of growth are those of the figures that are kept."""

from tests.spark.growth import CHART, PAGE, chart, kept, table


def test_the_page_shows_what_was_measured() -> None:
    measured = kept()
    assert {m.engine for m in measured} == {"DuckDB", "Spark"}
    assert table(measured) in PAGE.read_text(encoding="utf-8")
    assert CHART.read_text(encoding="utf-8") == chart(measured)
