"""The scheduled refresh as a Prefect flow: fetch → land → gate → build → check → publish. The only importer of Prefect.

The flow calls the same plain functions as ``csw run``; Prefect adds the schedule, retries, one writer at a time (the
deployments' concurrency limit, and the writer's lock below it), artifacts (what was fetched, landed, tested, changed)
and word to people. ``prefect.yaml`` has the deployments; :mod:`flows.schedule.runner` runs them on one machine.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("DO_NOT_TRACK", "1")
#: Pause before a task is tried again, which who runs a server may set otherwise.
os.environ.setdefault("PREFECT_TASKS_DEFAULT_RETRY_DELAY_SECONDS", "30")

from prefect import flow, get_run_logger, runtime, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.states import Cancelled, Completed, Failed

from flows.common.errors import Busy, CheckFailed, CswError
from flows.common.processes import end_with_parent
from flows.common.settings import Settings
from flows.landing.quarantine import read_quarantine, unseen
from flows.run import fetch_and_land, is_complete, run_stages
from flows.stages.report import RunReport

if TYPE_CHECKING:
    from prefect.client.schemas.objects import FlowRun, State
    from prefect.flows import Flow

    from flows.landing.under_way import LandingReport

#: In the environment of what ``csw serve`` runs: such a flow ends with the runner that started it.
SERVED = "CSW_BUILD_SERVED"
#: Editions that a message names.
NAMED = 8


@task(name="fetch and land", retries=2)
def land_task(settings: Settings, returns: Path | None, live: bool, sources: Sequence[str] | None) -> RunReport:
    """Fetch, archive and land, and read the reports; tried again because disks, mounts and networks come and go."""
    return fetch_and_land(settings, returns, live=live, sources=sources, say=get_run_logger().info)


@task(name="gate, build, check, publish")
def build_task(settings: Settings, landing: LandingReport, full: bool) -> RunReport:
    """Everything after landing; not tried again, because a failed check does not mend itself."""
    return run_stages(settings, landing, full=full, say=get_run_logger().info)


def _say_how_it_ended(flow: Flow[..., Any], flow_run: FlowRun, state: State) -> None:
    from flows.schedule.notify import is_news

    ended = state.name.lower() if state.name else "ended"
    # A poll that fails in the same way every day is told of once; its runs are there to see.
    # Of a deployment it is this installation, whatever the run was asked for.
    data = None if flow_run.deployment_id else flow_run.parameters.get("data")
    if is_news(_settings(data), state.message or ended):
        _tell(Settings(), f"Refresh {ended}: {flow_run.name}", state.message or "")


def _settings(data: str | None) -> Settings:
    return Settings(data=Path(data)) if data else Settings()


def _see_that_it_may(settings: Settings, returns: str | None) -> None:
    """See that a run which a server asks for stays within this installation.

    Whoever may ask for runs says what to refresh, not where: the data folder is the one that the machine's own
    environment names, and files are landed from its inbox or from a folder of ``CSW_RETURNS_FOLDERS``.

    Raises:
        CswError: it does not.
    """
    if not runtime.deployment.id:
        return  # called by a program of this machine, which could do all this anyway
    ours = Settings()
    if settings.data != ours.data:
        raise CswError(f"data={settings.data}: this installation's data folder is {ours.data} and no other.")
    if returns is None:
        return
    folder, allowed = Path(returns).resolve(), [ours.inbox, *ours.returns_folders]
    if not any(folder.is_relative_to(a.resolve()) for a in allowed):
        raise CswError(
            f"returns={returns}: a scheduled run lands files from {', '.join(map(str, allowed))} and nowhere else. "
            "Name more folders in CSW_RETURNS_FOLDERS."
        )


@flow(
    name="refresh",
    log_prints=True,
    on_failure=[_say_how_it_ended],
    on_crashed=[_say_how_it_ended],
    on_cancellation=[_say_how_it_ended],
)
def refresh(
    returns: str | None = None,
    live: bool = False,
    due_only: bool = False,
    data: str | None = None,
    full: bool = False,
) -> Any:
    """Refresh the published warehouse from the publishers' servers, a folder of returns, or both.

    Args:
        returns: folder of publishers' files, of a deployment within the inbox or ``CSW_RETURNS_FOLDERS``; where None
            the inbox of the data folder (``data/inbox``), if it has any.
        live: ask the publishers' servers.
        due_only: only those that are worth asking today (:mod:`flows.schedule.polling`).
        data: data folder of the installation (default, and the only one for a deployment: the project's, or
            ``CSW_DATA``).
        full: build everything, also where nothing changed.

    Returns:
        The published file. The run's state says in words what happened; it is *Cancelled* when another run is writing,
        and *Failed* when a table or document was held back in this run, though the rest of it is published.

    Raises:
        CheckFailed: a check does not hold even without what was new; the artifact "refresh-failure" shows the rows, the
            old warehouse stays.
        CswError: there is nothing to land, no server answered, or the disk refused.
    """
    from flows.common.lock import writer
    from flows.sample.bundled import keep_apart
    from flows.schedule.polling import due_now

    if os.environ.get(SERVED):
        end_with_parent()
    settings = _settings(data)
    _see_that_it_may(settings, returns)
    folder = Path(returns) if returns else _filled_inbox(settings)
    with ExitStack() as held:
        try:
            held.enter_context(writer(settings.data))
        except Busy as exc:
            return Cancelled(message=str(exc))
        sources = due_now(settings) if live and due_only else None
        live = live and sources != []
        if not live and folder is None and sources == []:
            return Completed(message="No publication is due to be asked for today.", data=str(settings.published))
        if not live and folder is None:
            raise CswError(f"nothing to land: give a folder of returns, set live, or put files into {settings.inbox}.")
        if folder is not None:
            keep_apart(settings, folder)
        landed = land_task(settings, folder, live, sources)
        _show_landed(landed)
        built, is_held = _build(settings, landed, full)
    said = _in_words(landed, built)
    if built is not None and is_held:
        # That something was held back is a failure, as `csw run` says by its exit code, though the rest is published.
        _show_failure(built.withheld, "What was held back, and why; the rest is published.")
        name = "Failed" if built.nothing_new else "Partly failed"
        return Failed(name=name, message="\n\n".join([said, *_troubles(landed, built)]))
    _tell_of(settings, said, landed, built)
    return Completed(message=said, data=str(settings.published))


def _build(settings: Settings, landed: RunReport, full: bool) -> tuple[RunReport | None, bool]:
    """Everything after landing where there is something to do, and whether anything was held back in it."""
    assert landed.landing is not None
    if not full and is_complete(settings):
        return None, False
    before = {q.name for q in read_quarantine(settings)}
    try:
        built = build_task(settings, landed.landing, full)
    except CheckFailed as exc:
        _show_failure(str(exc), "Why nothing was published; the old warehouse stays.")
        raise
    _show_built(settings, built)
    return built, any(q.name not in before for q in unseen(settings))


def _filled_inbox(settings: Settings) -> Path | None:
    """The inbox, unless it is empty or not there: people clear it when its files are landed."""
    has_files = any(p.is_file() and not p.name.startswith(".") for p in settings.inbox.rglob("*"))
    return settings.inbox if has_files else None


def _in_words(landed: RunReport, built: RunReport | None) -> str:
    assert landed.landing is not None
    said = []
    if landed.fetched:
        said.append(landed.fetched.headline())
        if landed.fetched.not_described:
            said.append(f"Not yet described: {landed.fetched.not_described} files.")
    if built is None or built.nothing_new:
        said.append("Nothing new; what is published is up to date.")
    else:
        editions = sorted({f"{x.source} {x.edition}" for x in landed.landing.landed})
        more = f" and {len(editions) - NAMED} more editions" if len(editions) > NAMED else ""
        said.append(f"Published, with {', '.join(editions[:NAMED]) or 'what was landed before'}{more}.")
    return " ".join(said)


def _troubles(landed: RunReport, built: RunReport | None) -> list[str]:
    """What went wrong without stopping the rest."""
    assert landed.landing is not None
    found: list[str] = (
        [f"not fetched: {s}: {why}" for s, why in landed.fetched.failed.items()] if landed.fetched else []
    )
    found += [f"refused: {r}" for r in landed.landing.refused]
    if built is not None and built.withheld:
        found.append(f"withheld: {built.withheld}")
    if built is not None:
        found += [f"study failed: {study}: {why}" for study, why in built.study_errors.items()]
    return found


def _show_landed(report: RunReport) -> None:
    assert report.landing is not None
    if report.fetched is not None:
        lines = ["```", report.fetched.text(), "```", *(f"- {f}" for f in report.fetched.changed)]
        create_markdown_artifact(key="fetched", markdown="\n".join(lines))
        create_table_artifact(key="sources", table=report.fetched.table(), description="What each source gave.")
    if report.landing.landed:
        create_table_artifact(
            key="landed",
            table=[
                {"source": x.source, "table": x.table_name, "edition": x.edition, "rows": x.row_count, "file": x.file}
                for x in report.landing.landed
            ],
            description="What landed in this run.",
        )
    troubles = _troubles(report, None)
    if troubles:
        create_markdown_artifact(
            key="refused",
            markdown="\n".join(f"- {t}" for t in troubles),
            description="What was not taken; the rest went on.",
        )


def _show_failure(text: str, description: str) -> None:
    create_markdown_artifact(key="refresh-failure", markdown=f"```\n{text}\n```", description=description)


def _show_built(settings: Settings, report: RunReport) -> None:
    if report.built is None:
        return
    create_markdown_artifact(key="tests", markdown=_tests(report))
    create_table_artifact(
        key="edition-changes",
        table=_edition_changes(settings),
        description="The largest revisions between editions.",
    )


def _tests(report: RunReport) -> str:
    assert report.built is not None
    tests = [n for n in report.built.nodes if n.type in {"test", "unit_test"}]
    lines = [
        f"{len(tests)} tests, {sum(n.failed for n in tests)} failed.",
        "",
        "| test | status | seconds |",
        "|---|---|---|",
    ]
    lines += [f"| {n.name} | {n.status} | {n.seconds} |" for n in sorted(tests, key=lambda n: n.name)]
    return "\n".join([*lines, "", *(f"- {w}" for w in report.warnings)])


def _edition_changes(settings: Settings) -> list[dict[str, object]]:
    from flows.warehouse.publish import open_published

    with open_published(settings) as con:
        relation = con.sql(
            """
            select source, edition, previous_edition, count(*) as cells_changed,
                round(max(abs(relative_change)), 3) as largest_relative_change
            from audit.rpt_edition_changes
            group by all
            order by cells_changed desc
            limit 50
            """
        )
        return [dict(zip(relation.columns, r, strict=True)) for r in relation.fetchall()]


# --- word to people --------------------------------------------------------------------------------------------------


def _tell_of(settings: Settings, said: str, landed: RunReport, built: RunReport | None) -> None:
    """Word of what was published, and of a trouble when it is another one than the last time."""
    from flows.schedule.notify import is_news

    troubles = _troubles(landed, built)
    has_news = is_news(settings, "\n".join(troubles))
    if built is not None and not built.nothing_new:
        _tell(settings, "Refresh published", "\n\n".join([said, *troubles]))
    elif has_news:
        _tell(settings, "Refresh: not everything was taken", "\n\n".join([said, *troubles]))


def _tell(settings: Settings, title: str, body: str) -> None:
    """Send a message to everybody named in ``CSW_NOTIFY``; what cannot be sent is logged."""
    from flows.schedule.notify import BLOCK, tell

    problems = []
    for name in settings.notify:
        if name.startswith(BLOCK):
            problems += _tell_by_block(name.removeprefix(BLOCK), title, body)
        else:
            problems += tell([name], title, body)
    for problem in problems:
        print(f"nobody was told: {problem}")


def _tell_by_block(name: str, title: str, body: str) -> list[str]:
    """By a block of the server: of notification (``notify``) or a webhook (``call``)."""
    import asyncio
    from concurrent.futures import ThreadPoolExecutor
    from inspect import isawaitable

    from prefect.blocks.core import Block

    async def send() -> None:
        block: Any = await Block.aload(name)
        is_notification = hasattr(block, "notify")
        sent = block.notify(body, subject=title) if is_notification else block.call({"title": title, "message": body})
        # Some blocks send at once, some hand back something to be awaited.
        if isawaitable(sent):
            await sent

    try:
        # In a thread of its own: there is no other loop.
        with ThreadPoolExecutor(1) as pool:
            pool.submit(asyncio.run, send()).result()
    except Exception as exc:
        return [f"block {name}: {exc}"]
    return []
