"""A client for tests that shows a response as it came: no redirect is followed, no status is an exception."""

from __future__ import annotations

from dataclasses import dataclass
from http.client import HTTPConnection
from urllib.parse import urlsplit

TIMEOUT = 30.0


@dataclass(frozen=True)
class Response:
    """An HTTP response; header names are in lower case."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """Return the header's value, or None where there is none."""
        return dict(self.headers).get(name)

    @property
    def type(self) -> str:
        """The media type without its parameters."""
        return (self.header("content-type") or "").partition(";")[0]

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode(errors="replace")


def ask(method: str, url: str) -> Response:
    """Send one request on a connection of its own; the URL's path and query go out as they are."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    connection = HTTPConnection(parts.hostname, parts.port or 80, timeout=TIMEOUT)
    try:
        connection.request(method, url.partition(parts.netloc)[2] or "/")
        response = connection.getresponse()
        headers = tuple((name.lower(), value) for name, value in response.getheaders())
        return Response(response.status, headers, response.read())
    finally:
        connection.close()


def get(url: str) -> Response:
    """Send one GET."""
    return ask("GET", url)
