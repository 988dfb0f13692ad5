"""What a reader found, how sure it is, or why it found nothing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

Value = TypeVar("Value")


class Confidence(StrEnum):
    """How far a finding may be trusted.

    HIGH: printed in the form that this framework uses, and nothing in the report contradicts it. MEDIUM: printed, but
    a mending was needed (digits split by the typesetter, a year taken from the other end of a period) or only one of
    the usual two places holds it. LOW: two places of the report disagree, or the value breaks a rule of plausibility;
    the reason says which.
    """

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class Finding(Generic[Value]):
    """One answer of one report.

    Attributes:
        value: the answer, or None when there is none.
        confidence: set if and only if there is a value.
        reason: why there is no value, or what lowers the confidence.
        page: page on which it was printed.
        printed: the words that were read, as printed.
    """

    value: Value | None
    confidence: Confidence | None = None
    reason: str | None = None
    page: int | None = None
    printed: str | None = None

    def __post_init__(self) -> None:
        if (self.value is None) != (self.confidence is None):
            raise ValueError("a finding has a confidence if and only if it has a value")
        if self.value is None and not self.reason:
            raise ValueError("nothing found needs a reason")


def missing(reason: str, *, page: int | None = None, printed: str | None = None) -> Finding[Any]:
    """A finding without a value, with its reason; `printed` holds words that could not be understood."""
    return Finding(None, None, reason, page, printed)
