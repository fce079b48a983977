"""The watchdog: a thread that looks at what the event loop runs while the heartbeat does not come."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from contextlib import closing
from random import Random
from time import perf_counter
from typing import TYPE_CHECKING

from inflight.admin import leave_signals_to_main_thread
from inflight.blocking.blame import Blame, Holder
from inflight.blocking.log import BlockedLog
from inflight.blocking.owner import owner_of
from inflight.blocking.place import Place, spot_of
from inflight.blocking.seen import Seen
from inflight.blocking.spent import Reading, Spent
from inflight.blocking.step import Loop, Step
from inflight.blocking.tally import Tally
from inflight.linux.schedstat import Schedule
from inflight.loop import INTERVAL

if TYPE_CHECKING:
    from inflight.telemetry import Telemetry

log = logging.getLogger("inflight")

SETTING = "INFLIGHT_BLOCKED_AFTER"
BLOCKED_AFTER = 0.1
"""Seconds."""
LOOK_AFTER = 0.003
"""Seconds that a heartbeat may be late before the watchdog looks often."""
AGAIN, OFTEN, SELDOM = 0.005, 0.01, 0.05
"""Seconds to the next look: at what was seen once, while something has the loop, and when it has had it for `LONG`."""
QUIET = 0.04, 0.1
"""Seconds at the least and at the most, when nothing has it: at no time that the program could keep step with."""
LONG = 0.2
ALERT = 1.0
"""Seconds for which the watchdog looks often after it has seen something hold the loop: it may be in many pieces."""
PATIENCE = 10
"""Looks that may prove nothing before they become seldom: a loop that is busy with short tasks is left alone."""
ENOUGH = 0.02
"""Seconds after which a step, which is no short task then, is charged with its thread's waits for a processor, too."""
LOCK = Holder(Place("", 0, "interpreter lock", None), None, "background")
"""A call of C code kept the interpreter's lock, and which one is not known."""


def blocked_after() -> float:
    """Return the seconds after which the loop counts as blocked, from the environment."""
    text = os.environ.get(SETTING, "")
    try:
        seconds = float(text or BLOCKED_AFTER)
    except ValueError:
        seconds = 0.0
    if seconds > 0:
        return seconds
    log.error("%s=%r is not a number of seconds above 0: it is %g", SETTING, text, BLOCKED_AFTER)
    return BLOCKED_AFTER


class Watchdog:
    """Watches the running event loop from `start` to `stop`, and charges `blame` with what holds it.

    What counts is proof: two looks at one step of one task (or at one callback) without a turn of the loop between
    them. What keeps the interpreter's lock is charged when it lets go.
    """

    def __init__(self, telemetry: Telemetry, blame: Blame) -> None:
        self._telemetry = telemetry
        self._blame = blame
        self._tally = Tally(blame.after, self._charge)
        self._log = BlockedLog(blame.waited)
        self.loop: Loop | None = None
        """The loop that is watched; None before the start."""
        self._running: threading.Lock | None = None
        """Held while the thread is to go on: it costs less to wait for than an event."""
        self._seen: Seen | None = None
        self._again = False
        """Whether the next look is to prove what the last one has seen."""
        self._alert_until = 0.0
        self._fruitless = 0
        """Looks since one has proved anything."""
        self._random = Random()  # noqa: S311 - no secret; the module's own functions would change what the program draws

    def start(self) -> None:
        """Start watching the running loop, which the calling thread runs."""
        self.stop()
        running = asyncio.get_running_loop()
        self.loop = loop = Loop(running, threading.get_ident(), threading.get_native_id())
        running.call_soon(loop.find_base)
        self._running = lock = threading.Lock()
        lock.acquire()
        threading.Thread(target=self._run, args=(loop, lock), name="inflight-watchdog", daemon=True).start()

    def stop(self) -> None:
        """Stop watching."""
        running, self._running, self.loop = self._running, None, None
        if running is not None:
            running.release()

    def held(self) -> tuple[Holder, float] | None:
        """Return what holds the loop at this moment, and for how many seconds; None where nothing does."""
        seen, block = self._seen, self._blame.latest()
        if seen is None or seen.ran or block is None or block.end < seen.since:
            return None
        return block.holder, perf_counter() - seen.since

    def _run(self, loop: Loop, running: threading.Lock) -> None:
        leave_signals_to_main_thread()
        with closing(Schedule(threading.get_native_id())) as own, closing(Schedule(loop.native_id)) as its:
            reading, pause = Reading.now(own, its), INTERVAL
            while not (running.acquire(timeout=pause) or loop.is_closed()):
                before, reading = reading, Reading.now(own, its)
                try:
                    pause = self._turn(loop, Spent(before, reading, pause))
                except Exception:
                    log.exception("the watch over the event loop has ended")
                    return

    def _turn(self, loop: Loop, spent: Spent) -> float:
        """Look if there is reason to, and return the seconds until the next time."""
        now, last = spent.end, self._telemetry.heartbeat.last
        self._tally.sweep(now)
        holds = self._seen is not None and not self._seen.ran and self._seen.spot
        self._log.sweep(now, holds.place if holds else None)
        if last is None or not loop.runs():
            self._seen = None
            return INTERVAL
        self._look(loop, spent, last)
        # Once: a loop that is busy with short tasks shows another one at each look, and each look costs it the lock.
        self._again = self._seen is not None and not self._seen.held and not self._again
        if self._again:
            return AGAIN
        if self._seen is not None and now - self._seen.since >= LONG:
            return SELDOM
        self._fruitless += 1
        late = now - last - INTERVAL
        if self._fruitless <= PATIENCE and (late > LOOK_AFTER or now < self._alert_until):
            return OFTEN
        return self._random.uniform(*QUIET)

    def _look(self, loop: Loop, spent: Spent, last_beat: float) -> None:
        step, seen = loop.step(), self._seen
        locked = spent.locked and not self._went_on(spent)
        if locked and (step is None or spent.loop_waited or last_beat > spent.due):
            self._seen = None
            stood = self._stood(spent, last_beat) or not spent.computing(spent.late)
            if spent.net(spent.late) >= self._blame.after and stood:
                self._tally.add(LOCK, spent.due, spent.end, spent.net(spent.late))
        elif step is None:
            self._seen = None
        elif seen is None or not seen.goes_on(step):
            self._begin(loop, step, spent, last_beat, locked=locked)
        else:
            spot = spot_of(step.frames)
            if spot is not None and not spent.contended:
                computing = spent.computing(spent.end - seen.last)
                place = spot.place if locked else spot.proved(seen.spot, computing=computing)
                stayed = seen.spot is not None and seen.spot.entered == spot.entered
                # Somewhere else than before: it may have come there only now, however late this look is.
                self._add(seen, step, place, spent, seen.last if stayed else seen.last + spent.late)
            seen.spot, seen.last = spot, spent.end

    def _begin(self, loop: Loop, step: Step, spent: Spent, last_beat: float, *, locked: bool) -> None:
        """Note a step that was not seen before; where the interpreter's lock was kept, it has just let go of it."""
        spot = spot_of(step.frames)
        due = max(last_beat + INTERVAL, spent.begin)  # at the last look it was not there yet
        seen = self._seen = Seen(step, spot, spent.end, due)
        loop.probe(seen.ran)
        place = spot.place if spot is not None and spot.own and spot.place.call else None
        if place is None and spent.net(spent.late) >= self._blame.after:  # and has gone on a little since
            place = LOCK.place
        if locked and place is not None:
            seen.before = 0.0  # that is the time which is charged here
            self._add(seen, step, place, spent, spent.due)

    def _stood(self, spent: Spent, last_beat: float) -> bool:
        """Return whether the heartbeat that was due while the lock was kept has come too late, or not yet."""
        late = self._telemetry.heartbeat.late if last_beat > spent.due else spent.end - last_beat - INTERVAL
        return late >= self._blame.after

    def _went_on(self, spent: Spent) -> bool:
        """Return whether requests have begun while the watchdog waited for the lock: then several threads had it."""
        entered = (ledger.entered_at for ledger in tuple(self._telemetry.live.in_flight))
        return any(spent.due < at < spent.end - AGAIN for at in entered)

    def _add(self, seen: Seen, step: Step, place: Place, spent: Spent, start: float) -> None:
        owner = seen.owner = seen.owner or owner_of(step, self._telemetry)
        net = spent.net(spent.end - start)
        if not seen.held:
            net += AGAIN  # it began before the first look and ends after the last: half of a pause each, on average
        seen.held += net
        seconds = max(net, spent.end - start) if seen.held >= ENOUGH else net
        self._alert_until = spent.end + ALERT
        self._fruitless = 0
        holder = Holder(place, owner.method, owner.route)
        if owner.ledger is not None and seen.held >= ENOUGH:
            owner.ledger.held_loop = True
        if 0 < seen.before < seen.held:
            self._tally.add(holder, seen.since - seen.before, seen.since, seen.before)
            seen.before = 0.0
        self._tally.add(holder, start, spent.end, seconds)

    def _charge(self, holder: Holder, spans: list[tuple[float, float]], seconds: float) -> None:
        self._blame.charge(holder, spans, seconds)
        block = self._blame.latest()
        self._log.note(holder, spans, seconds, block.end - block.start if block else 0.0)
