"""A process that has dbt imported and the project parsed before they are needed, and then runs what it is asked.

Importing dbt costs seconds; a run starts this process first and lands files meanwhile. One JSON object a line on
standard input asks, one a line on standard output answers: ``progress`` while nodes finish, then ``done``. The process
ends with the one that asks.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import Any


def main() -> None:
    """Answer requests until standard input ends."""
    from flows.common.processes import Requests

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that asks
    requests = Requests(sys.stdin)
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    # dbt and its libraries print where they like; only answers may stand on standard output.
    os.dup2(2, 1)

    def answer(kind: str, **fields: Any) -> None:
        answers.write(json.dumps({"kind": kind, **fields}) + "\n")

    from dbt.cli.main import dbtRunner

    # Without loggers no event is made into a line that nobody reads: a tenth of what dbt itself takes. What failed
    # comes back as a result.
    common = ["--quiet", "--no-use-colors", "--log-level", "none", "--log-level-file", "none", "--no-version-check"]

    def on_event(event: Any) -> None:
        if event.info.name == "NodeFinished":
            info = event.data.node_info
            answer("progress", node=info.node_name, status=info.node_status)

    parsed = dbtRunner().invoke([*common, "--no-write-json", "parse"])
    manifest: Any = parsed.result if parsed.success else None
    runner = dbtRunner(manifest=manifest, callbacks=[on_event])
    requests.idle()
    answer("ready", success=bool(parsed.success), error=str(parsed.exception or ""))
    for line in requests:
        request = json.loads(line)
        os.environ["CSW_BUILD_MEMORY"] = request["memory"]
        outcome = runner.invoke([*common, *request["arguments"]])
        nodes = []
        for r in getattr(outcome.result, "results", None) or []:
            node = r.node
            nodes.append(
                {
                    "id": node.unique_id,
                    "name": node.name,
                    "type": str(getattr(node.resource_type, "value", node.resource_type)),
                    "status": str(getattr(r.status, "value", r.status)),
                    "message": r.message or "",
                    "failures": r.failures or 0,
                    "seconds": round(r.execution_time, 3),
                    "sql": getattr(node, "compiled_code", None) or "",
                    "path": node.original_file_path,
                    "advice": str((node.config.meta or {}).get("advice", "")),
                }
            )
        requests.idle()
        answer("done", success=bool(outcome.success), error=str(outcome.exception or ""), nodes=nodes)


if __name__ == "__main__":
    main()
