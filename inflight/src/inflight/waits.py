"""Waits and calls: what a request does other than run its own code. Both work in any task or thread."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from contextvars import ContextVar, Token
from time import perf_counter
from typing import Self

from inflight.ledger import Ledger, current_ledger
from inflight.telemetry import Telemetry, active

NAMED = ("thread", "pool")
"""The queues that a program can name; `kernel` and `loop` are measured from outside of it."""

current_call: ContextVar[upstream | None] = ContextVar("current_call", default=None)
"""The call that the running code is inside of; a wait in it is no time of the upstream's."""


class waiting:  # noqa: N801 - it is used as a function is
    """Time spent in a queue: `with waiting("pool"):` around an acquire, in `async with` just as well.

    A gauge says how many wait now, a histogram how long each waited, and the request's ledger has it as its own entry.
    `begin` and `end` are for callbacks. Raises ValueError for a queue that is neither `thread` nor `pool`.
    """

    __slots__ = ("_call", "_ledger", "_telemetry", "entry", "since")

    def __init__(self, queue: str = "pool") -> None:
        if queue not in NAMED:
            raise ValueError(f"{queue!r} is no queue that a program can name: {' or '.join(NAMED)}")
        self.entry = queue
        self.since = 0.0
        self._telemetry: Telemetry | None = None

    def begin(self, call: upstream | None = None) -> None:
        """Begin to wait; `call` is the call that waits, where it is not the surrounding block's."""
        ledger = self._ledger = current_ledger.get()
        telemetry = self._telemetry = active() if ledger is None else ledger.telemetry
        if telemetry is None:
            return
        self.since = now = perf_counter()
        telemetry.live.waits(self.entry).add(self)
        self._call = call or current_call.get()
        if self._call is not None:
            self._call.pause(now)
        if ledger is not None:
            ledger.begin(self, now)

    def end(self) -> float:
        """End the wait and return its seconds; a second end changes nothing and returns 0."""
        telemetry, self._telemetry = self._telemetry, None
        if telemetry is None:
            return 0.0
        now = perf_counter()
        waited = now - self.since
        telemetry.live.waits(self.entry).discard(self)
        telemetry.metrics.wait.labels(self.entry).observe(waited)
        if self._ledger is not None:
            self._ledger.end(self, now)
        if self._call is not None:
            self._call.resume(now)
        return waited

    def __enter__(self) -> Self:
        self.begin()
        return self

    def __exit__(self, *_error: object) -> None:
        self.end()

    async def __aenter__(self) -> Self:
        self.begin()
        return self

    async def __aexit__(self, *_error: object) -> None:
        self.end()


def no_wait(queue: str) -> None:
    """Note that the running code had at once what others queue for: a wait of 0 s, at a tenth of the price."""
    ledger = current_ledger.get()
    telemetry = active() if ledger is None else ledger.telemetry
    if telemetry is None:
        return
    telemetry.live.waits(queue)
    telemetry.metrics.wait.labels(queue).observe(0.0)
    if ledger is not None:
        ledger.spent.setdefault(queue, 0.0)


class upstream:  # noqa: N801 - it is used as a function is
    """One call to another service: `with upstream("billing"):` around it, in `async with` just as well.

    `name` becomes a label, so it is the program's own, never a client's; beyond 50 names, calls count as `other`.
    Waits inside of the block are the queues', not the upstream's. An exception's `outcome` attribute names how the call
    failed, else it is an `error`, a `timeout` or `cancelled`. `begin`, `queue`, `dequeue` and `end` are for callbacks.
    """

    __slots__ = (
        "_ledger",
        "_paused",
        "_paused_at",
        "_queued",
        "_telemetry",
        "_token",
        "_waited",
        "late",
        "name",
        "since",
    )
    entry = "upstream"

    def __init__(self, name: str) -> None:
        self.name = name
        self.since = 0.0
        self.late = 0.0
        """Seconds for which the response lay unread because our own event loop was late; they are `loop`."""
        self._ledger: Ledger | None = None
        self._telemetry: Telemetry | None = None
        self._queued: waiting | None = None
        self._paused = 0
        self._paused_at = self._waited = 0.0
        self._token: Token[upstream | None] | None = None

    def begin(self) -> None:
        """Begin the call."""
        ledger = self._ledger = current_ledger.get()
        telemetry = self._telemetry = active() if ledger is None else ledger.telemetry
        if telemetry is None:
            return
        self.since = now = perf_counter()
        self.name = telemetry.live.begin_call(self.name, self)
        if ledger is not None:
            ledger.begin(self, now)

    @property
    def open(self) -> bool:
        """Whether the call has begun and has not ended."""
        return self._telemetry is not None

    def queue(self) -> None:
        """Note that the call waits for a connection of its pool."""
        if self._telemetry is not None and self._queued is None:
            self._queued = waiting("pool")
            self._queued.begin(self)

    def dequeue(self) -> None:
        """Note that the call has a connection."""
        queued, self._queued = self._queued, None
        if queued is not None:
            queued.end()

    def pause(self, now: float, *, held: bool = False) -> None:
        """Note that something begins inside of the call that is no time of its upstream's.

        That is a wait in a queue, or, where it is `held`, the program's own work before it reads on: the call has its
        connection, so it stays in its gauge.
        """
        self._paused += 1
        if self._paused == 1:
            self._paused_at = now
            if self._telemetry is not None and not held:
                self._telemetry.live.end_call(self.name, self)
            if self._ledger is not None:
                self._ledger.end(self, now)

    def resume(self, now: float) -> None:
        """Note that it ended."""
        self._paused -= 1
        if self._paused == 0:
            self._waited += now - self._paused_at
            if self._telemetry is None:
                return
            self._telemetry.live.begin_call(self.name, self)
            if self._ledger is not None:
                self._ledger.begin(self, now)

    def end(self, outcome: str = "ok") -> None:
        """End the call, and a wait for a connection with it; a second end changes nothing."""
        self.dequeue()
        telemetry, self._telemetry = self._telemetry, None
        if telemetry is None:
            return
        now = perf_counter()
        if self._paused:
            self._waited += now - self._paused_at
        telemetry.live.end_call(self.name, self)
        took = now - self.since - self._waited
        late = min(self.late, took)  # the kernel's clock has steps of about 4 ms
        telemetry.metrics.client_duration.labels(self.name, outcome).observe(took - late)
        if self._ledger is not None:
            self._ledger.end(self, now)
            doing = self._ledger.doing
            if doing is None or doing.entry != self.entry:  # of calls that were late together, the last one says it
                self._ledger.late(late)

    def __enter__(self) -> Self:
        self.begin()
        self._token = current_call.set(self)
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if self._token is not None:
            with suppress(ValueError):  # a generator may be closed in another context than it was opened in
                current_call.reset(self._token)
        self.end("ok" if error is None else outcome_of(error))

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self.__exit__(kind, error, trace)


def outcome_of(error: BaseException) -> str:
    """Return how a call ended that raised `error`."""
    if isinstance(error, asyncio.CancelledError):
        return "cancelled"
    outcome = getattr(error, "outcome", None)
    if isinstance(outcome, str):
        return outcome
    return "timeout" if isinstance(error, TimeoutError) else "error"
