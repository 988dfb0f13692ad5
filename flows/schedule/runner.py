"""``python -m flows.schedule.runner``: runs the deployments of ``prefect.yaml`` on this machine when their time comes.

What is run is this project's own flow, whatever the server says of where a deployment's code is or what to do first:
somebody who can change a deployment can choose among the flow's parameters, and no more.
"""

from __future__ import annotations

import asyncio
import os
from typing import Any

from flows.common.settings import ROOT
from flows.schedule.refresh import SERVED, refresh


def deployments() -> list[dict[str, Any]]:
    """The deployments of ``prefect.yaml``, as it has them."""
    import yaml

    return list(yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))["deployments"])


async def run() -> None:
    """Register the deployments and run them until ended."""
    from prefect.client.schemas.objects import ConcurrencyLimitConfig
    from prefect.runner import Runner
    from prefect.schedules import Cron

    runner = Runner(name="csw")
    for d in deployments():
        await runner.aadd_flow(
            refresh,
            name=d["name"],
            description=d["description"],
            parameters=d.get("parameters", {}),
            schedules=[Cron(s["cron"], timezone=s["timezone"]) for s in d.get("schedules", [])],
            concurrency_limit=ConcurrencyLimitConfig(**d["concurrency_limit"]),
        )
    await runner.start()


def main() -> None:
    """Run them until ended; needs ``PREFECT_API_URL``."""
    os.chdir(ROOT)
    os.environ[SERVED] = "1"
    asyncio.run(run())


if __name__ == "__main__":
    main()
