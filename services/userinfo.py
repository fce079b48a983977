"""The name and the password that a URL may hold: they are nobody else's."""

from __future__ import annotations

import re
from urllib.parse import urlsplit, urlunsplit


def hide_userinfo(text: str) -> str:
    """Return `text` with stars for what may stand before a URL's host, also where the URL is not a good one."""
    return re.sub(r"(\w+://)?\S*@", r"\1***@", text)


def without_userinfo(url: str) -> str:
    """Return a good URL without what may stand before its host."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
