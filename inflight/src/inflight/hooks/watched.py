"""What the hooks of clients and pools are made of: a library's own call, and its own wait for a connection.

Nothing here raises into the library: a fault of the telemetry is one line in the log.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from contextvars import ContextVar, Token
from functools import wraps
from time import perf_counter
from typing import Any, Self, TypeVarTuple

from inflight.waits import current_call, no_wait, outcome_of, upstream, waiting

log = logging.getLogger("inflight")

NO_CONNECTION = "no_connection"
"""How a call ends that failed while it waited for its pool: it never reached the upstream."""

current_wait: ContextVar[PoolWait | None] = ContextVar("current_wait", default=None)
"""The wait for a connection that the running code is inside of."""
current_watched: ContextVar[WatchedCall | None] = ContextVar("current_watched", default=None)
"""The library's call that the running code is inside of."""

_Ts = TypeVarTuple("_Ts")
_faults: set[str] = set()


def harmless(measure: Callable[[*_Ts], None]) -> Callable[[*_Ts], None]:
    """Return `measure` so that it raises nothing; each fault is logged once."""

    @wraps(measure)
    def measured(*args: *_Ts) -> None:
        try:
            measure(*args)
        except Exception as error:  # noqa: BLE001 - whatever it is, the service goes on
            fault = f"{measure.__qualname__}: {error!r}"
            if measure.__qualname__ not in _faults:
                _faults.add(measure.__qualname__)
                log.error("a call or a wait could not be measured: %s", fault)  # noqa: TRY400 - one line

    return measured


class WatchedCall:
    """One call that a library makes, named `name`; inside of the program's own `upstream` block it is part of that one.

    `begin`, `queue`, `dequeue` and `end` are for callbacks, `with` is for a function that is the whole call.
    """

    __slots__ = ("_call", "_during", "_failure", "_held", "_part", "_tokens", "_wait", "late", "refused")

    def __init__(self, name: str, failure: Callable[[BaseException], str] = outcome_of) -> None:
        outer = current_call.get()
        self._part = outer is not None and outer.open
        self._call = outer if outer is not None and outer.open else upstream(name)
        self._failure = failure
        self._during = sys.exc_info()[1]
        self._wait: waiting | None = None
        self._tokens: tuple[Token[upstream | None], Token[WatchedCall | None]] | None = None
        self._held = False
        self.refused = False
        """Whether the pool had no connection for it."""
        self.late = 0.0
        """Seconds for which the response lay unread because our own event loop was late."""

    @harmless
    def begin(self) -> None:
        """Begin the call."""
        if not self._part:
            self._call.begin()

    @harmless
    def queue(self) -> None:
        """Note that the call waits for a connection of its pool."""
        if self._wait is None:
            self._wait = waiting("pool")
            self._wait.begin(self._call)

    @harmless
    def dequeue(self) -> None:
        """Note that the call has a connection."""
        wait, self._wait = self._wait, None
        if wait is not None:
            wait.end()

    @harmless
    def unqueued(self) -> None:
        """Note that the call had a connection at once."""
        no_wait("pool")

    @harmless
    def enter(self) -> None:
        """Make this the call whose time other waits of this task or thread are no part of."""
        self._tokens = current_call.set(self._call), current_watched.set(self)

    @harmless
    def leave(self) -> None:
        """Make it no more."""
        tokens, self._tokens = self._tokens, None
        if tokens is not None:
            with suppress(ValueError):  # it may end in another context than it began in
                current_call.reset(tokens[0])
                current_watched.reset(tokens[1])

    @harmless
    def hold(self) -> None:
        """Note that the program has what it asked for, and does something else until it reads on."""
        if not self._part and not self._held:
            self._held = True
            self._call.pause(perf_counter(), held=True)

    @harmless
    def read_on(self) -> None:
        """Note that the program waits for more of the response."""
        if self._held:
            self._held = False
            self._call.resume(perf_counter())

    @harmless
    def end(self, outcome: str = "ok") -> None:
        """End the call, and a wait for a connection with it; a second end changes nothing."""
        if (self._wait is not None or self.refused) and outcome not in ("ok", "cancelled"):
            outcome = NO_CONNECTION
        if self._tokens is not None:
            self.leave()
        if self._wait is not None:
            self.dequeue()
        late, self.late = self.late, 0.0
        self._call.late += late
        self._during = None  # its traceback keeps much alive
        if not self._part:
            self._call.end(outcome)

    def raised(self) -> BaseException | None:
        """Return what is being raised where the response is closed; not what was handled when the call began."""
        error = sys.exc_info()[1]
        return None if error is self._during else error

    def __enter__(self) -> Self:
        self.begin()
        self.enter()
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        self.end("ok" if error is None else self._failure(error))


class Reads:
    """A response's body, read on from a call that is held until each piece is asked for."""

    __slots__ = ("_call", "_pieces")

    def __init__(self, pieces: Iterator[bytes], call: WatchedCall) -> None:
        self._pieces = pieces
        self._call = call

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        self._call.read_on()
        try:
            return next(self._pieces)
        finally:
            self._call.hold()

    def close(self) -> None:
        """Close it, where it is a generator."""
        close = getattr(self._pieces, "close", None)
        if close is not None:
            close()


class AsyncReads:
    """The same of an async response."""

    __slots__ = ("_call", "_pieces")

    def __init__(self, pieces: AsyncIterator[bytes], call: WatchedCall) -> None:
        self._pieces = pieces
        self._call = call

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        self._call.read_on()
        try:
            return await anext(self._pieces)
        finally:
            self._call.hold()


class PoolWait:
    """One wait for a connection of a library's pool: `with` around the acquire.

    It is over as soon as the library begins to work on a connection (`ends_wait`): to open one is no wait for the pool.
    """

    __slots__ = ("_token", "_wait", "waiting")

    def __init__(self) -> None:
        self.waiting = False

    @harmless
    def begin(self) -> None:
        """Begin to wait."""
        self._wait = waiting("pool")
        self._wait.begin()
        self._token = current_wait.set(self)
        self.waiting = True

    @harmless
    def end(self) -> None:
        """End the wait; a second end changes nothing."""
        self.waiting = False
        self._wait.end()

    @harmless
    def leave(self, error: BaseException | None) -> None:
        """End the wait; `error` is what the acquire has raised."""
        call = current_watched.get()
        if error is not None and self.waiting and call is not None:
            call.refused = True
        with suppress(ValueError):
            current_wait.reset(self._token)
        self.end()

    def __enter__(self) -> Self:
        self.begin()
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        self.leave(error)


def named(name_of: Callable[[Any], str], subject: Any, otherwise: str) -> str:
    """Return the upstream's name as `name_of` reads it from the library's object, or `otherwise` where it cannot."""
    try:
        return name_of(subject) or otherwise
    except Exception:  # noqa: BLE001 - a mock, a closed connection, a class of the user's own
        return otherwise


def end_wait() -> None:
    """End the wait for a connection that the running code is inside of, if it is inside of one."""
    wait = current_wait.get()
    if wait is not None:
        wait.end()
