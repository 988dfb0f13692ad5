"""Word to people: by webhook, by e-mail, once; and when it cannot be sent."""

from __future__ import annotations

import pytest

from flows.common.settings import Settings
from flows.schedule.notify import is_news, tell
from tests.receivers import MailServer, Receiver


def test_by_webhook() -> None:
    with Receiver() as hook:
        assert tell([hook.url.replace("http://", "json://")], "Refresh published", "dfe_cin 2025") == []
    assert [(h["title"], h["message"]) for h in hook.heard] == [("Refresh published", "dfe_cin 2025")]


def test_by_mail() -> None:
    with MailServer() as server:
        address = f"mailto://127.0.0.1:{server.port}?from=csw@example.org&to=desk@example.org&mode=insecure"
        assert tell([address], "Refresh failed", "a check did not hold") == []
    (mail,) = server.mails
    assert "Subject: Refresh failed" in mail
    assert "To: desk@example.org" in mail


def test_what_cannot_be_sent_is_said_without_its_password_and_stops_nobody_else() -> None:
    with Receiver() as hook:
        problems = tell(
            [
                "json://user:secret@127.0.0.1:9/hook",
                "carrier-pigeon://coop",
                hook.url.replace("http://", "json://"),
            ],
            "title",
            "body",
        )
    assert len(hook.heard) == 1
    assert problems == [
        "json://…: the message could not be sent",
        "carrier-pigeon://… in CSW_NOTIFY is no address that Apprise knows",
    ]


def test_a_trouble_is_news_once(settings: Settings) -> None:
    said = [is_news(settings, t) for t in ("", "503", "503", "404", "", "404")]
    assert said == [False, True, False, True, False, True]


def test_the_setting_is_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CSW_NOTIFY", "json://host/a, mailto://b block:webhook/c")
    assert Settings().notify == ("json://host/a", "mailto://b", "block:webhook/c")
    monkeypatch.delenv("CSW_NOTIFY")
    assert Settings().notify == ()
