"""The publishers' servers, played on the loopback from a folder of their files; `SPEC.md` says what they do."""

from tests.fake_publishers.quirks import Quirks
from tests.fake_publishers.server import FakePublishers

__all__ = ["FakePublishers", "Quirks"]
