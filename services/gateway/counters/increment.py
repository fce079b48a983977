"""What an increment asks of the backend, call by call; how a call waits is the siblings' part.

plain     read, wait, write what was read plus 1: whoever wrote meanwhile is overwritten
if-match  the same, but only if the counter is as it was read; else read and write again
atomic    wait, and let the backend add 1
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from random import uniform
from typing import Annotated, Literal

from fastapi import Query, Response
from pydantic import BaseModel, ConfigDict, ValidationError

from services.gateway.backend import Backend
from services.gateway.errors import InvalidResponse
from services.serving.problems import problem
from services.serving.statuses import FIRST_ERROR

Way = Literal["plain", "if-match", "atomic"]
Write = Annotated[
    Way, Query(description="How it is written back: as it was read plus 1, only if unchanged, or atomically.")
]

FIRST_PAUSE, LONGEST_PAUSE = 0.05, 4.0
"""Seconds at most that a writer who found the counter changed waits; doubled each time. At random within that, so that
those who collided do not collide again."""
TRIES = 30
WORK = "increment"
"""The task of the backend that takes the time between a read and its write."""
PRECONDITION_FAILED, CONFLICT = 412, 409
TOO_BUSY = f"others wrote the counter {TRIES} times between our read and our write: nothing was counted"


@dataclass(frozen=True, slots=True)
class Call:
    """A request to the backend, to be sent after `pause` seconds."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    pause: float = 0.0


@dataclass(frozen=True, slots=True)
class Reply:
    """The backend's response."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _Counter(BaseModel):
    model_config = ConfigDict(strict=True)

    value: int


class Increment:
    """One increment. `call` is what to send next; when it is None, `response` is there."""

    response: Response

    def __init__(self, backend: Backend, name: str, delay: float | None, write: Way, key: str | None) -> None:
        self.backend = backend
        self.url = f"{backend.base_url}/counters/{name}"
        self.wait = Call("GET", backend.url(WORK, delay, None))
        self._calls = self._atomic(key) if write == "atomic" else self._read_and_write(checked=write == "if-match")
        self.call: Call | None = next(self._calls)

    def proceed(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Take the response to `call`, and go on to the next. An error ends it, and is relayed."""
        try:
            if status >= FIRST_ERROR and status != PRECONDITION_FAILED:
                self.call, self.response = None, self.backend.relayed(status, body)
            else:
                self.call = self._calls.send(Reply(status, headers, body))
        except StopIteration as end:
            self.call, self.response = None, end.value

    def _atomic(self, key: str | None) -> Generator[Call, Reply, Response]:
        yield self.wait
        done = yield Call("POST", f"{self.url}/increments", {} if key is None else {"Idempotency-Key": key})
        return self.backend.relayed(done.status, done.body)

    def _read_and_write(self, *, checked: bool) -> Generator[Call, Reply, Response]:
        read = yield Call("GET", self.url)
        yield self.wait
        longest = FIRST_PAUSE
        for _ in range(TRIES):
            written = yield self._write(read, checked=checked)
            if written.status != PRECONDITION_FAILED:
                return self.backend.relayed(written.status, written.body)
            read = yield Call("GET", self.url, pause=uniform(0, longest))  # noqa: S311 - not a secret
            longest = min(2 * longest, LONGEST_PAUSE)
        return problem(CONFLICT, TOO_BUSY)

    def _write(self, read: Reply, *, checked: bool) -> Call:
        """Return the call that writes what was read plus 1. Raises InvalidResponse when that was no counter."""
        try:
            body = b'{"value":%d}' % (_Counter.model_validate_json(read.body).value + 1)
            headers = {"If-Match": read.headers["ETag"]} if checked else {}
        except (ValidationError, KeyError) as error:
            raise InvalidResponse from error
        return Call("PUT", self.url, {**headers, "Content-Type": "application/json"}, body)
