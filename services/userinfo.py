"""The name and the password that a URL may hold: they are nobody else's."""

from __future__ import annotations

import re


def hide_userinfo(text: str) -> str:
    """Return `text` with stars for what may stand before a URL's host, also where the URL is not a good one."""
    return re.sub(r"(\w+://)?\S*@", r"\1***@", text)
