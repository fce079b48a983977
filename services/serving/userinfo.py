"""The name and the password that a URL may hold: they are nobody else's."""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit

_USERINFO = re.compile(r"(\w+://)(?:(?!\w+://).)*@|\S*@", re.DOTALL)
"""After a scheme all up to the last @, for a password that somebody has not encoded may hold anything."""


def hide_userinfo(text: str) -> str:
    """Return `text` with stars for what may stand before a URL's host, also where the URL is not a good one."""
    return _USERINFO.sub(r"\1***@", text)


def without_userinfo(url: str) -> str:
    """Return a good URL without what may stand before its host."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
