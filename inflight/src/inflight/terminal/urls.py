"""URLs that a user gives: checked, and shown without the name and the password that they may hold."""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

_USERINFO = re.compile(r"(\w+://)(?:(?!\w+://).)*@|\S*@", re.DOTALL)
"""After a scheme all up to the last @, for a password that somebody has not encoded may hold anything."""


def checked_url(value: str | None) -> str | None:
    """Return `value`, or raise typer's BadParameter where it is no HTTP URL; None stays None."""
    import typer

    if value is not None and not _good(value):
        raise typer.BadParameter(f"{hide_userinfo(value)!r} should be http://HOST[:PORT]/PATH")
    return value


def metrics_url(host: str, port: int) -> str:
    """Return where an admin port's metrics are; an IPv6 address stands in brackets (RFC 3986, 3.2.2)."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/metrics"


def hide_userinfo(text: str) -> str:
    """Return `text` with stars for what may stand before a URL's host, also where the URL is not a good one."""
    return _USERINFO.sub(r"\1***@", text)


def without_userinfo(url: str) -> str:
    """Return a good URL without what may stand before its host."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def _good(value: str) -> bool:
    try:
        value.encode()  # an argument may hold bytes that are no text
        parts = urlsplit(value)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
