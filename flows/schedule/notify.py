"""Telling people how a refresh went, by addresses that Apprise knows (webhooks, e-mail, chats)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

from flows.common.files import read_json, write_atomically
from flows.common.settings import Settings

#: Addresses of this kind are blocks of the Prefect server; see :mod:`flows.schedule.refresh`.
BLOCK = "block:"


def tell(addresses: Sequence[str], title: str, body: str) -> list[str]:
    """Send a message to every address.

    Args:
        addresses: as Apprise writes them: ``json://host/path`` (a webhook), ``mailto://user:password@host?to=…``, ….
        title: one line.
        body: plain text.

    Returns:
        what could not be sent, and why; a message that does not arrive stops no refresh. Passwords are not repeated.
    """
    import apprise

    problems = []
    for address in addresses:
        # One after the other, to be able to say which.
        sender = apprise.Apprise()
        shown = address.split("://")[0] + "://…"
        if not sender.add(address):
            problems.append(f"{shown} in CSW_NOTIFY is no address that Apprise knows")
        elif not sender.notify(title=title, body=body, body_format=apprise.NotifyFormat.TEXT):
            problems.append(f"{shown}: the message could not be sent")
    return problems


def is_news(settings: Settings, trouble: str) -> bool:
    """Whether a trouble is another one than at the last refresh; it is remembered. Blank forgets."""
    path = settings.live / "told.json"
    digest = hashlib.sha256(trouble.encode()).hexdigest() if trouble else ""
    try:
        known = read_json(path)["trouble"]
    except (OSError, ValueError, KeyError, TypeError):
        known = ""
    if digest != known:
        write_atomically(path, json.dumps({"trouble": digest}).encode())
    return bool(digest) and digest != known
