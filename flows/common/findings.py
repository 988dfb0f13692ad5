"""What a look at an installation found: one line per thing looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """Something that was looked at.

    ``is_fine``: True as it should be, False to be mended, None worth knowing.
    """

    about: str
    is_fine: bool | None
    said: str
    what_to_do: str = ""

    def text(self) -> str:
        """For people, on one line and, where something is to be done, a second."""
        mark = {True: "fine ", False: "WRONG", None: "note "}[self.is_fine]
        advice = f"\n{'':7}→ {self.what_to_do}" if self.what_to_do else ""
        return f"{mark}  {self.about}: {self.said}{advice}"


def verdict(found: Sequence[Finding]) -> str:
    """All of it in one line: the last one, where eyes come to rest."""
    wrong = [f.about for f in found if f.is_fine is False]
    if not wrong:
        return (
            f"Nothing is wrong: {len(found)} things looked at, {sum(f.is_fine is None for f in found)} worth knowing."
        )
    return f"WRONG: {len(wrong)} of {len(found)} things looked at: {'; '.join(dict.fromkeys(wrong))}."
