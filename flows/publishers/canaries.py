"""What is odd about what a server offers, told before anything is landed: a change of names, or something that is gone.

A server that has renamed its files answers every question well, and gives nothing. So what is offered is held against
what is wanted and against what was taken last time; what is less is said loudly, with what *was* offered. Less than
before is taken for the publisher's will after a week of saying so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from flows.publishers.described import when_of
from flows.publishers.query import Discovery, Offer
from flows.publishers.report import some_of
from flows.publishers.state import OfferEntry

if TYPE_CHECKING:
    from flows.publishers.query import Query
    from flows.publishers.state import State
    from flows.sources.passport import Passport

#: After so long, less than before is how it is.
PATIENCE = timedelta(days=7)


def oddities(query: Query, found: Discovery, state: State, now: datetime | None = None) -> tuple[list[str], list[str]]:
    """What speaks against what is offered: problems, and notes on older places that have nothing for us.

    What was taken is remembered in the state, so that the next fetch can compare.
    """
    here = now or datetime.now(UTC)
    source = query.passport.source
    problems: list[str] = []
    notes: list[str] = []
    for offer in found.offers:
        key = f"{source} {offer.place}"
        before = state.offers.get(key)
        said, entry = _judged(query, offer, before, here)
        state.offers[key] = entry
        if not said:
            continue
        is_loud = (before is not None and before.wanted > offer.wanted) or offer.is_latest
        (problems if is_loud else notes).append(said)
    if found.offers and not found.complete and not any(o.wanted for o in found.offers):
        named = [n for o in found.offers for n in o.names]
        if not problems:
            wanted = _patterns(query)
            problems.append(
                f"none of the wanted files ({wanted}) is offered anywhere; there are {some_of(named) or 'none'}"
            )
    return problems, notes


def vanished(
    source: str, listed: Collection[str], state: State, now: datetime | None = None
) -> tuple[list[str], list[str]]:
    """Releases or pages that files were taken of and that a server has stopped listing; said for a week.

    That the newest is not there any more is a problem; that an older one is not is a note: some lists are kept short.
    """
    here = now or datetime.now(UTC)
    newest = max((when_of(p) for p in listed), default="")
    problems: list[str] = []
    notes: list[str] = []
    for key, before in list(state.offers.items()):
        of, _, place = key.partition(" ")
        if of != source or place in listed:
            continue
        since = before.fewer_since or here.replace(microsecond=0).isoformat()
        if not before.wanted or here - datetime.fromisoformat(since) > PATIENCE:
            del state.offers[key]
            continue
        state.offers[key] = before.model_copy(update={"fewer_since": since})
        is_older = "" < when_of(place) < newest
        (notes if is_older else problems).append(
            f"{place}, which had {files_in_words(before.wanted)}, is not listed any more; what is held of it stays"
        )
    return problems, notes


def _judged(query: Query, offer: Offer, before: OfferEntry | None, now: datetime) -> tuple[str, OfferEntry]:
    place = offer.label or offer.place
    # A name with a title behind it (GOV.UK) is one or the other.
    wanted = [n for n in offer.names if query.wants(n) or query.wants(n.partition(" (")[0])]
    entry = OfferEntry(wanted=offer.wanted, names=wanted)
    if offer.is_packed:
        # One file in place of many is not less: what is in it is looked at when it is here.
        return "", before or entry
    if before is not None and offer.wanted < before.wanted:
        since = before.fewer_since or now.replace(microsecond=0).isoformat()
        if now - datetime.fromisoformat(since) > PATIENCE:
            return "", entry
        what = files_in_words(offer.wanted) if offer.wanted else "none of the wanted files"
        gone = [n for n in before.names if n not in offer.names]
        missing = f" (gone: {some_of(gone)})" if gone else ""
        offers = f"it offers {some_of(offer.names) or 'nothing'}"
        said = f"{place} has {what}, where it had {before.wanted} before{missing}; {offers}"
        return said, before.model_copy(update={"fewer_since": since})
    if offer.wanted or not offer.must_have:
        return "", entry
    which = "the latest release" if offer.is_latest else "a release"
    offers = some_of(offer.names) or "nothing at all"
    return f"{which} ({place}) has none of the wanted files ({_patterns(query)}); it offers {offers}", entry


def files_in_words(count: int) -> str:
    """So many wanted files."""
    return f"{count} wanted file{'s' * (count != 1)}"


def _patterns(query: Query) -> str:
    return "like " + some_of(query.patterns)


def missing_primaries(passports: Iterable[Passport], landed: Mapping[str, int], asked: Iterable[str]) -> list[str]:
    """Primary sources that were asked for and of which nothing has ever been landed: nothing is published without them.

    Args:
        passports: all of them.
        landed: source → tables landed.
        asked: the sources of this fetch.
    """
    wanted = set(asked)
    needed = (p.source for p in passports if p.role == "primary" and not p.is_optional)
    return [s for s in needed if s in wanted and not landed.get(s)]
