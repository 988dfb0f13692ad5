"""Everything that is done to a refresh, in the order of docs/reliability.md."""

from __future__ import annotations

from tests.drill.crowds import CROWDS
from tests.drill.disks import DISKS
from tests.drill.faults import FAULTS
from tests.drill.odd_files import ODD_FILES
from tests.drill.stops import STOPS

ALL = [*FAULTS, *ODD_FILES, *STOPS, *DISKS, *CROWDS]
assert len({f.name for f in ALL}) == len(ALL)
