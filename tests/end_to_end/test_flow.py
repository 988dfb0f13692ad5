"""The refresh as a Prefect flow, once, on a temporary server."""

from __future__ import annotations

import json

import duckdb

from flows.common.settings import ROOT, Settings
from flows.outputs.site import is_current
from tests.end_to_end.conftest import AMENDED, MEASURE, Refreshed
from tests.end_to_end.test_refresh import value


def test_killed_while_building_what_is_published_stays(refreshed: Refreshed) -> None:
    assert refreshed.facts["stayed"]
    assert refreshed.facts["then"] == refreshed.facts["old"]


def test_the_flow_takes_the_next_in_and_says_so(refreshed: Refreshed) -> None:
    facts, settings = refreshed.facts, refreshed.installation.settings
    assert facts["returned"] == str(settings.published)
    # Word goes to the block that there is; the one that there is not stops nothing.
    assert [h["title"] for h in facts["told"]] == ["Refresh published"]
    assert "dfe_cin 2024-r3" in facts["told"][0]["message"]
    artifacts = facts["artifacts"]
    assert {"landed", "tests", "edition-changes"} <= set(artifacts)
    assert not {"refused", "refresh-failure"} & set(artifacts)
    assert "b1_children_in_need" in str(artifacts["landed"])
    assert "0 failed" in str(artifacts["tests"])


def test_each_amendment_is_an_edition_of_its_own(refreshed: Refreshed) -> None:
    la, year, _ = AMENDED
    old = refreshed.facts["old"]
    assert value(refreshed.installation, la, int(year), MEASURE) == old + 6
    with duckdb.connect(str(refreshed.installation.settings.published), read_only=True) as con:
        assert con.execute("select count(*) from marts.fct_inspection").fetchone()
        assert con.execute(
            "select previous_edition, previous_value, edition, value from audit.rpt_edition_changes "
            "where area_code = ? and year = ? and measure_id = ? and edition like '2024-r%' order by edition",
            [la, int(year), MEASURE],
        ).fetchall() == [("2024", old, "2024-r2", old + 5), ("2024-r2", old + 5, "2024-r3", old + 6)]


def test_what_depends_on_it_was_built_anew_and_nothing_else(refreshed: Refreshed) -> None:
    target = refreshed.installation.settings.data / "dbt" / "target"
    results = json.loads((target / "run_results.json").read_text())["results"]
    built = {r["unique_id"].rsplit(".", 1)[-1] for r in results if r["unique_id"].startswith("model.")}
    assert {"stg_dfe_cin__cells", "stg_dfe_cla__cells", "fct_inspection_year"} <= built
    untouched = {"stg_dfe_outcomes__cells", "stg_dfe_lait__cells", "stg_dfe_s251_outturn__cells"}
    assert not untouched & built


def test_a_site_is_written_anew_for_another_warehouse_and_only_then(refreshed: Refreshed) -> None:
    settings = refreshed.installation.settings
    assert refreshed.facts["site was current"]
    assert is_current(settings)
    printed = settings.report / "authorities" / f"{AMENDED[0]}.html"
    was = refreshed.site_before / printed.relative_to(settings.report)
    assert printed.read_bytes() != was.read_bytes()


def test_the_deployments_name_the_flow_and_one_writer() -> None:
    import yaml

    deployments = yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
    assert [d["name"] for d in deployments] == ["poll", "refresh"]
    for deployment in deployments:
        module, flow = deployment["entrypoint"].split(":")
        assert (ROOT / module).exists()
        assert f"def {flow}(" in (ROOT / module).read_text()
        assert deployment["concurrency_limit"] == {"limit": 1, "collision_strategy": "CANCEL_NEW"}
    assert deployments[0]["schedules"] == [{"cron": "30 9-12 * * *", "timezone": "Europe/London"}]
    assert deployments[0]["parameters"] == {"live": True, "due_only": True}


def test_an_inbox_that_was_cleared_is_no_folder_to_land(settings: Settings) -> None:
    from flows.schedule.refresh import _filled_inbox

    assert _filled_inbox(settings) is None
    settings.inbox.mkdir(parents=True)
    (settings.inbox / ".synthetic").touch()
    assert _filled_inbox(settings) is None
    (settings.inbox / "b1.csv").touch()
    assert _filled_inbox(settings) == settings.inbox
