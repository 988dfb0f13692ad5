"""``python -m flows.schedule.server``: the Prefect server of ``csw serve``, on the loopback, for named hosts only.

Prefect itself asks for the user and password (``PREFECT_SERVER_API_AUTH_STRING``) and says which web pages may ask it
(``PREFECT_SERVER_CORS_ALLOWED_ORIGINS``); here is added that a request must name one of our hosts, so that no page can
reach it by giving its own name this machine's address.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
os.environ.setdefault("DO_NOT_TRACK", "1")


def main() -> None:
    """Serve until ended."""
    import uvicorn
    from prefect.server.api.server import create_app
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--host", action="append", default=[], help="a name under which it may be asked")
    asked = parser.parse_args()
    app = TrustedHostMiddleware(create_app(final=True), allowed_hosts=["127.0.0.1", "localhost", *asked.host])
    uvicorn.run(app, host="127.0.0.1", port=asked.port, timeout_keep_alive=5, log_level="warning")


if __name__ == "__main__":
    main()
