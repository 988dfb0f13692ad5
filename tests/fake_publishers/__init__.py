"""The publishers' servers, played on the loopback from a folder of their files; see :class:`FakePublishers`."""

from tests.fake_publishers.server import FakePublishers

__all__ = ["FakePublishers"]
