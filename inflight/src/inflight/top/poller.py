"""Reads a service again and again, in a thread, so that a screen goes on while the service does not respond."""

from __future__ import annotations

import threading
from collections.abc import Callable

from inflight.top.picture import Picture, picture
from inflight.top.source import Reading, Source, SourceError

EVERY = 1.0
"""Seconds from one reading to the next: what the service's own threads can give without being noticed."""


class Poller:
    """Keeps the last picture of a service, and why there is no newer one.

    `changed` is called after each reading, in the thread.
    """

    def __init__(self, source: Source, every: float = EVERY, changed: Callable[[], object] = lambda: None) -> None:
        self.picture: Picture | None = None
        self.error: str | None = None
        """What the last reading failed with; None where it did not."""
        self._source = source
        self._every = every
        self._changed = changed
        self._before: Reading | None = None
        self._stopped = threading.Event()

    def start(self) -> None:
        """Start reading."""
        threading.Thread(target=self._run, name="inflight-top", daemon=True).start()

    def stop(self) -> None:
        """Stop reading."""
        self._stopped.set()

    def read(self) -> None:
        """Read once."""
        try:
            now = self._source.read()
            fresh = picture(now, self._before)
        except SourceError as error:
            self._fail(str(error))
        except (KeyError, TypeError, ValueError, AttributeError) as error:  # figures of the same names, and others'
            self._fail(f"that is no admin port: {type(error).__name__} {error}")
        else:
            self.picture, self.error, self._before = fresh, None, now
        self._changed()

    def _fail(self, why: str) -> None:
        self.error = why
        self._before = None  # the rates since would be of two lives

    def _run(self) -> None:
        while not self._stopped.is_set():
            self.read()
            self._stopped.wait(self._every)
