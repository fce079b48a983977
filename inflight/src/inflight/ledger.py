"""The ledger: where the time of one request was spent."""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Protocol

from inflight.types import Scope

if TYPE_CHECKING:
    from inflight.blocking.place import Place
    from inflight.telemetry import Telemetry

QUEUES = ("kernel", "loop", "thread", "pool")
"""The entries that are a wait in a queue, in the order in which a request meets them."""
ENTRIES = ("kernel", "loop", "receive", "thread", "pool", "upstream")
"""The entries that a server can tell apart; the rest of the total is the application's own work."""

current_ledger: ContextVar[Ledger | None] = ContextVar("current_ledger", default=None)
"""The ledger of the request that the running task or thread serves; None outside a request."""


class Activity(Protocol):
    """What a request does at this moment other than run its own code: a wait, or a call to an upstream."""

    entry: str
    """The ledger's entry that its time belongs to."""
    since: float
    """When it began, a reading of `time.perf_counter`."""


class Ledger:
    """The times of one request or WebSocket, in seconds. Readings are of `time.perf_counter`.

    `kernel` and `loop` are None where they could not be measured. `spent` has an entry for each other kind of wait that
    the request has met. Time in which several activities overlap counts once, so the entries never exceed the total:
    for `upstream` if a call is among them, else for the last that began.
    """

    __slots__ = (
        "active",
        "disconnected",
        "entered_at",
        "finished",
        "first_byte_at",
        "held_loop",
        "kernel",
        "loop",
        "mark",
        "read_at",
        "received",
        "response_headers",
        "scope",
        "sent",
        "spent",
        "status",
        "telemetry",
        "waited_for",
    )

    def __init__(self, telemetry: Telemetry, scope: Scope, entered_at: float) -> None:
        self.telemetry = telemetry
        self.scope = scope
        self.entered_at = self.read_at = self.mark = entered_at
        self.kernel: float | None = None
        self.loop: float | None = None
        self.spent: dict[str, float] = {}
        self.active: list[Activity] = []
        self.status = 0
        self.first_byte_at: float | None = None
        self.response_headers: Sequence[tuple[bytes, bytes]] = ()
        self.sent = 0
        self.held_loop = False
        """Whether it has held the event loop itself."""
        self.waited_for: Place | None = None
        """What held the event loop while the request waited for it; None where that is not known."""
        self.received = self.disconnected = self.finished = False

    def begin(self, activity: Activity, now: float) -> None:
        """Note that an activity begins."""
        self._charge(now)
        self.active.append(activity)
        self.spent.setdefault(activity.entry, 0.0)

    def end(self, activity: Activity, now: float) -> None:
        """Note that it ended."""
        self._charge(now)
        if activity in self.active:
            self.active.remove(activity)

    def late(self, seconds: float, entry: str = "upstream") -> None:
        """Move time from an entry to `loop`: what it waited for was there, and our own event loop had not read it."""
        moved = min(seconds, self.spent.get(entry, 0.0))
        if moved > 0:
            self.spent[entry] -= moved
            self.loop = (self.loop or 0.0) + moved

    def body_was_there(self, seconds: float, now: float) -> None:
        """Note that a piece of the body that is read now had come so long ago: the client has not kept us waiting."""
        doing = self.doing
        if doing is not None and doing.entry == "receive":
            self._charge(now)
            self.late(min(seconds, now - doing.since), "receive")

    def _charge(self, now: float) -> None:
        # From any thread, without a lock: `append` and `remove` are single steps of the interpreter, so what is active
        # is always right. Two threads of one request that change it in the same instant may misplace that instant.
        doing = self.doing
        if doing is not None:
            self.spent[doing.entry] = self.spent.get(doing.entry, 0.0) + now - self.mark
        self.mark = now

    @property
    def doing(self) -> Activity | None:
        """The activity that the time counts for now; None while the request's own code runs."""
        active = self.active
        if len(active) < 2:
            return active[0] if active else None
        activities = tuple(active)
        return next((each for each in activities if each.entry == "upstream"), activities[-1])

    def total(self, now: float) -> float:
        """Return the seconds from the request's arrival in the kernel (where that is known) to `now`."""
        return now - self.read_at + (self.kernel or 0.0)

    def entries(self, now: float) -> dict[str, float]:
        """Return what is known, in the order in which a request lives it, the total last."""
        if self.active:
            self._charge(now)
        entries: dict[str, float] = {}
        if self.kernel is not None:
            entries["kernel"] = self.kernel
        if self.loop is not None:
            entries["loop"] = self.loop
        if self.spent:
            entries.update((name, self.spent[name]) for name in ENTRIES if name in self.spent)
        entries["total"] = self.total(now)
        return entries

    def client_left(self) -> None:
        """Note that the client closed the connection; one that has all the announced bytes had what it wanted."""
        if not self.finished and not self.whole:
            self.disconnected = True

    @property
    def whole(self) -> bool:
        """Whether all the bytes that the response announced have been sent."""
        announced = next((value for name, value in self.response_headers if name.lower() == b"content-length"), None)
        return announced is not None and announced.isdigit() and self.sent >= int(announced)
