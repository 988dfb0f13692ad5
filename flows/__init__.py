"""What arrives, what becomes of it, and who is told: a room per step of the data's way."""

#: The one place of the version: the package, `csw --version`, CITATION.cff (tested) and requests to servers.
__version__ = "0.2.0"
