"""The servers by hand: ``python -m tests.fake_publishers --folder DIR [--port N] [--scenario NAME]``."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from tests.fake_publishers.scenarios import names
from tests.fake_publishers.server import FakePublishers


def main() -> None:
    """Serve until stopped, and say how to point the command at these servers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, required=True, help="publishers' files")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--scenario", default="", choices=["", *names()])
    asked = parser.parse_args()
    with FakePublishers(asked.folder, asked.scenario, port=asked.port) as fake:
        for name, value in fake.environment().items():
            print(f"export {name}={value}", flush=True)
        print(f"# {len(fake.world.unserved)} files stand on no server; stop with Ctrl-C", flush=True)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            pass


if __name__ == "__main__":
    main()
