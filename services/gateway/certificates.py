"""The system's certificates, which aiohttp reads when it is imported, in a tenth of a second that only https needs."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

PLACES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
"""Where OpenSSL is told to look for them (SSL_CTX_set_default_verify_paths(3))."""


@contextmanager
def certificates_unread() -> Iterator[None]:
    """Let what is imported inside find none (aiohttp/connector.py, `_SSL_CONTEXT_VERIFIED`)."""
    before = {name: os.environ.get(name) for name in PLACES}
    os.environ.update(dict.fromkeys(PLACES, os.devnull))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
