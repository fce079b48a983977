"""Counters in memory, in a database's place. Each operation is atomic: one thread does it, and waits for nothing."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from secrets import token_hex

MOST_COUNTERS = 1000
MOST_KEYS = 10_000
"""Idempotency keys that are remembered; beyond that the oldest is forgotten."""
LARGEST = 2**53 - 1
"""What any JSON parser reads exactly (RFC 8259, section 6)."""


@dataclass(frozen=True, slots=True)
class Counter:
    """A counter's value, and the entity tag of this version of it (RFC 9110, section 8.8.3)."""

    value: int
    etag: str


class NoRoomError(Exception):
    """There are as many counters as are kept, or the counter cannot be larger."""


class ChangedError(Exception):
    """The counter is not in the version that the writer has read."""


class Counters:
    """Counters by name. One that was never written is 0."""

    def __init__(self) -> None:
        self._run = token_hex(4)  # a tag of an earlier run, in which the counter was another, must not match
        self._counters: dict[str, Counter] = {}
        self._done: OrderedDict[tuple[str, str], Counter] = OrderedDict()

    def read(self, name: str) -> Counter:
        """Return the counter as it is."""
        return self._counters.get(name) or Counter(0, f'"{self._run}-0"')

    def write(self, name: str, value: int, if_match: str | None = None) -> Counter:
        """Set the value and return the counter.

        `if_match` is the header's value; without it nothing is compared. Raises ChangedError, NoRoomError.
        """
        now = self.read(name)
        if if_match is not None and not matches(if_match, now.etag):
            raise ChangedError
        if value > LARGEST or (name not in self._counters and len(self._counters) >= MOST_COUNTERS):
            raise NoRoomError
        version = int(now.etag.strip('"').rpartition("-")[2]) + 1
        self._counters[name] = Counter(value, f'"{self._run}-{version}"')
        return self._counters[name]

    def increment(self, name: str, key: str | None = None) -> Counter:
        """Add 1 and return the counter; a `key` that was used on it before adds nothing and returns what it did then.

        Raises NoRoomError.
        """
        if key is None:
            return self.write(name, self.read(name).value + 1)
        if (name, key) not in self._done:
            self._done[name, key] = self.write(name, self.read(name).value + 1)
            if len(self._done) > MOST_KEYS:
                self._done.popitem(last=False)
        return self._done[name, key]


def matches(if_match: str, etag: str) -> bool:
    """Return whether an `If-Match` is `*` or lists the tag (RFC 9110, section 13.1.1). Weak tags never match."""
    return if_match.strip() == "*" or etag in (tag.strip() for tag in if_match.split(","))
