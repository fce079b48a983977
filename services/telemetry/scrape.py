"""One scrape for all who ask at the same time: a hundred scrapers cost hardly more than one."""

from __future__ import annotations

import threading
from collections.abc import Callable

from prometheus_client import CollectorRegistry
from prometheus_client.registry import Collector

Encode = Callable[[Collector], bytes]


class Scrape:
    """Encodes a registry, one time after the other; whoever asked before an encoding began gets that one.

    No text is older than the question. Encoding holds the interpreter's lock, for which the event loop would have to
    queue behind each scraper.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self._lock = threading.Lock()
        self._begun = 0
        self._made = (0, "", b"")

    def text(self, encode: Encode, content_type: str) -> bytes:
        """Return the registry's metrics as `encode` writes them; `content_type` names what it writes."""
        asked = self._begun
        with self._lock:
            number, kind, text = self._made
            if number > asked and kind == content_type:
                return text
            self._begun = number = self._begun + 1
            text = encode(self._registry)
            self._made = number, content_type, text
            return text
