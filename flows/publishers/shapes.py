"""Answers held against what they should be: typed models at the door of every client.

Each client has its models beside it, with their source named. What does not fit is said in words: where in the answer,
what is there, what should be. Members that nobody here reads may change as they like.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, TypeAdapter, ValidationError

from flows.publishers.days import FIRST_YEAR, LAST_YEAR
from flows.publishers.wire import Refused

#: Deviations told before the rest is only counted.
MOST_TOLD = 3

T = TypeVar("T")


class Shape(BaseModel):
    """Part of an answer; members that it does not name are ignored."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Misfit(Refused):
    """An answer that is not of the known shape: the service has changed, or it is another one."""


def _guid(text: str) -> str:
    from uuid import UUID

    return str(UUID(text))


def _moment(text: str) -> str:
    from datetime import datetime

    when = datetime.fromisoformat(text)
    if not FIRST_YEAR <= when.year <= LAST_YEAR:
        raise ValueError(f"is of the year {when.year}")
    return text


def _blank_for_none(value: Any) -> Any:
    return "" if value is None else value


#: An id as EES gives it.
Guid = Annotated[str, AfterValidator(_guid)]
#: A day and time (ISO 8601) that can be.
Moment = Annotated[str, AfterValidator(_moment)]
#: Words that may be absent or null.
Words = Annotated[str, BeforeValidator(_blank_for_none)]


def fitted(shape: type[T], value: Any, url: str) -> T:
    """An answer as the model has it.

    Raises:
        Misfit: it does not fit; the message says where and how.
    """
    try:
        return TypeAdapter(shape).validate_python(value)
    except ValidationError as exc:
        raise Misfit(f"{url}: the answer is not of the known shape: {deviations(exc)}.") from exc


def deviations(exc: ValidationError) -> str:
    """What does not fit, in words."""
    told = [_told(e) for e in exc.errors(include_url=False, include_context=False)]
    shown = "; ".join(told[:MOST_TOLD])
    return shown + (f"; and {len(told) - MOST_TOLD} more" if len(told) > MOST_TOLD else "")


def _told(error: Any) -> str:
    where = "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in error["loc"]).lstrip(".") or "the answer"
    message = error["msg"].removeprefix("Value error, ")
    if error["type"] == "missing":
        return f"{where} is missing"
    return f"{where}: {message[0].lower()}{message[1:]} (there is {_short(error['input'])})"


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return f"an object of {', '.join(list(map(str, value))[:4])}" if value else "an empty object"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    text = "null" if value is None else repr(value)
    return text if len(text) <= 60 else text[:57] + "…"
