"""``python -m flows.cli`` is ``csw``."""

from flows.cli.app import main

main()
