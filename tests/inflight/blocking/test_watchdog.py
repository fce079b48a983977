"""The watchdog names the line that holds the event loop, and nothing that does not."""

from __future__ import annotations

import asyncio
import logging
import random
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from itertools import pairwise
from typing import Any

import pytest
from fastapi import FastAPI
from websockets.sync.client import connect

from inflight.blocking.spent import Reading, Spent
from inflight.blocking.step import Loop, Step
from inflight.blocking.watchdog import blocked_after
from inflight.linux.schedstat import Schedule, Scheduled
from inflight.server_timing import parse_waited_for
from inflight.telemetry import ServerTiming, Telemetry
from tests.eventually import eventually
from tests.inflight.blocking import blocking_app
from tests.inflight.blocking.blocking_app import KINDS, line_of
from tests.inflight.server import Served, served

TRIES = 20.0
"""Seconds for which a piece of blocking is asked for again: a busy machine may let none of it be seen at first."""
CALLS = {
    "sleep": " (time.sleep)",
    "receive": " (ours.recv)",
    "lock": " (held.acquire)",
    "wait_in_queue": " (queue.Queue.get)",
    "compute": "",
    "match": " (PATTERN.match)",
    "keep_lock": " (usleep)",
}


def where(mark: str, call: str = "", function: str = "") -> str:
    """Return the label of a marked line."""
    return f"tests/inflight/blocking/blocking_app.py:{line_of(mark)} {function or mark}{call}"


def blocked(service: Served) -> dict[tuple[str, str], float]:
    """Return the seconds of each place and route."""
    return blocked_in(service.telemetry)


def blocked_in(telemetry: Telemetry) -> dict[tuple[str, str], float]:
    """Return the same of one telemetry."""
    samples = [sample for family in telemetry.metrics.blocked.collect() for sample in family.samples]
    return {
        (sample.labels["where"], sample.labels["route"]): sample.value
        for sample in samples
        if sample.name.endswith("_total")
    }


def until_named(service: Served, block: Callable[[], object], place: tuple[str, str]) -> float:
    """Block until the place has a name, and return its seconds."""
    deadline = time.monotonic() + TRIES
    while place not in blocked(service):
        assert time.monotonic() < deadline, f"{place} is not among {blocked(service)}"
        block()
        time.sleep(0.1)  # the watchdog's next look is due by then
    return blocked(service)[place]


@pytest.mark.parametrize("kind", KINDS)
def test_line_is_named(kind: str, loop: str) -> None:
    """Whatever holds the loop, the user's line is named, with the library call it stands in and the route."""
    with served(blocking_app.app, loop) as service:
        place = where(kind, CALLS[kind]), "/kinds/{kind}"
        assert until_named(service, lambda: service.get(f"/kinds/{kind}"), place) > 0


@pytest.mark.parametrize(
    ("app", "path", "place"),
    [
        (blocking_app.app, "/dependency", (where("sleep", " (time.sleep)"), "/dependency")),
        (blocking_app.in_middleware, "/middleware", (where("sleep", " (time.sleep)"), "/{name}")),
        (blocking_app.in_middleware, "/behind", (where("sleep", " (time.sleep)"), "/{name}")),
        (blocking_app.app, "/stream/1", (where("sleep", " (time.sleep)"), "/stream/{name}")),
        (blocking_app.in_middleware, "/afterwards", (where("in_coroutine", " (time.sleep)"), "background")),
        (blocking_app.app, "/background", (where("in_coroutine", " (time.sleep)"), "background")),
        (blocking_app.app, "/task", (where("in_coroutine", " (time.sleep)"), "background")),
        (blocking_app.app, "/callback", (where("sleep", " (time.sleep)"), "callback")),
        (blocking_app.app, "/pieces", (where("in_pieces", " (time.sleep)"), "/pieces")),
    ],
)
def test_owner_is_named(app: FastAPI, path: str, place: tuple[str, str], loop: str) -> None:
    """Wherever the blocking line is, what it works for is named: a route, a background task, a callback."""
    with served(app, loop) as service:
        assert until_named(service, lambda: service.get(path), place) > 0


def test_websocket_is_named(loop: str) -> None:
    """Blocking in a WebSocket is the WebSocket's."""

    def talk(service: Served) -> None:
        with connect(f"ws://127.0.0.1:{service.port}/ws/1") as websocket:
            websocket.send("hello")
            websocket.recv()

    with served(blocking_app.app, loop, ws="websockets-sansio") as service:
        assert until_named(service, lambda: talk(service), (where("sleep", " (time.sleep)"), "websocket")) > 0


def test_startup_is_named(loop: str) -> None:
    """What blocks before the first request is named, too."""
    place = where("lifespan", " (time.sleep)"), "startup"
    deadline = time.monotonic() + TRIES
    found: dict[Any, float] = {}
    while place not in found:
        assert time.monotonic() < deadline, found
        with served(blocking_app.blocks_at_startup, loop, lifespan="on") as service:
            found = blocked(service)


@pytest.mark.parametrize("path", ["/busy/100", "/one_turn"])
def test_busy_loop_is_nobodys(path: str, loop: str) -> None:
    """A loop that runs many short tasks, or fills a long turn with short callbacks, has no line that holds it."""
    with served(blocking_app.app, loop) as service:
        for _ in range(2):
            service.get(path)
        named = [place for place, _ in blocked(service) if "blocking_app" in place]
        assert named == []


def test_idle_loop_is_nobodys(loop: str) -> None:
    """A loop that waits for events has nothing that holds it."""
    with served(blocking_app.app, loop) as service:
        service.get("/ping")
        beats = service.telemetry.heartbeat.last
        eventually(lambda: (service.telemetry.heartbeat.last or 0) > (beats or 0) + 1, True)
        assert [place for place, _ in blocked(service) if "blocking_app" in place] == []
        assert service.telemetry.watchdog.held() is None


def test_victims_are_counted_and_logged(loop: str, caplog: pytest.LogCaptureFixture) -> None:
    """Who waited for the line is counted with it, and the log says so in one line."""
    place = where("sleep", " (time.sleep)"), "/kinds/{kind}"
    with caplog.at_level(logging.WARNING, "inflight"), served(blocking_app.app, loop) as service:

        def block_and_wait() -> None:
            blocker = threading.Thread(target=service.get, args=("/kinds/sleep",))
            blocker.start()
            while service.telemetry.watchdog.held() is None and blocker.is_alive():
                time.sleep(0.001)
            service.get("/ping")
            blocker.join()

        def victims() -> float:
            labels = {"where": place[0], "route": place[1]}
            return service.value("event_loop_blocked_requests_total", **labels) or 0.0

        until_named(service, block_and_wait, place)
        deadline = time.monotonic() + TRIES
        while not victims():
            assert time.monotonic() < deadline
            block_and_wait()
        text = f"blocking_app.py:{line_of('sleep')} in sleep (time.sleep), GET /kinds/{{kind}}"
        eventually(lambda: any(text in record.getMessage() for record in caplog.records), True)
        assert sum(text in record.getMessage() for record in caplog.records) == 1


def test_victims_in_flight_are_counted(loop: str) -> None:
    """A request that was in flight, and could not go on, has waited for the line, too; the one that held it has not."""
    place = where("sleep", " (time.sleep)"), "/kinds/{kind}"
    with served(blocking_app.app, loop) as service:

        def victims() -> float:
            labels = {"where": place[0], "route": place[1]}
            return service.value("event_loop_blocked_requests_total", **labels) or 0.0

        deadline = time.monotonic() + TRIES
        while not victims():
            assert time.monotonic() < deadline
            waiter = threading.Thread(target=service.get, args=("/slow",))
            waiter.start()
            while not service.telemetry.live.in_flight and waiter.is_alive():
                time.sleep(0.001)
            service.get("/kinds/sleep")
            waiter.join()
        assert victims() == 1


@pytest.mark.parametrize("server_timing", [True, "lines"])
def test_line_in_the_response(server_timing: ServerTiming) -> None:
    """A response names the line that it waited for, without its folder, only where the service wants that."""
    with served(blocking_app.app) as service:
        service.telemetry.names_lines = Telemetry(server_timing=server_timing).names_lines
        deadline, place = time.monotonic() + TRIES, None
        while place is None and service.telemetry.blame.waited.total() < 3:
            assert time.monotonic() < deadline
            blocker = threading.Thread(target=service.get, args=("/kinds/sleep",))
            blocker.start()
            while service.telemetry.watchdog.held() is None and blocker.is_alive():
                time.sleep(0.001)
            header = service.get("/ping").partition(b"server-timing: ")[2].partition(b"\r\n")[0]
            place = parse_waited_for(header.decode())
            blocker.join()
        assert place == (f"blocking_app.py:{line_of('sleep')} sleep" if server_timing == "lines" else None)


def test_a_loop_that_nobody_runs_is_nobodys() -> None:
    """A loop that was stopped is not blocked, and with one that was closed the watchdog ends."""
    telemetry = Telemetry()

    async def start() -> None:
        telemetry.start()

    loop = asyncio.new_event_loop()
    loop.run_until_complete(start())
    watchdog = next(thread for thread in reversed(threading.enumerate()) if thread.name == "inflight-watchdog")
    time.sleep(5 * blocked_after())  # that it happens cannot be waited for
    assert telemetry.heartbeat.stalled() is None
    assert blocked_in(telemetry) == {}
    loop.close()
    eventually(watchdog.is_alive, wanted=False)


def test_a_block_is_not_charged_with_the_one_before() -> None:
    """Two tasks hold the loop one after the other, without a heartbeat between them: each is charged with its own."""
    telemetry = Telemetry()

    async def first() -> None:
        time.sleep(0.3)  # noqa: ASYNC251 - the point

    async def second() -> float:
        began = time.perf_counter()
        time.sleep(0.6)  # noqa: ASYNC251 - the point
        return time.perf_counter() - began

    async def main() -> float:
        telemetry.start()
        await asyncio.sleep(0)  # the watchdog has found the loop
        return (await asyncio.gather(first(), second()))[1]

    took = asyncio.run(main())
    (charged,) = [seconds for (place, _), seconds in blocked_in(telemetry).items() if " second " in place]
    assert charged < took + 0.1


@pytest.mark.parametrize(
    ("computed", "last_beat", "late", "blamed"),
    [
        (0.0, 0.74, 0.0, ["interpreter lock"]),
        (0.65, 0.74, 0.0, []),
        (0.65, 0.74, 0.65, ["interpreter lock"]),
        (0.65, 0.04, 0.0, ["interpreter lock"]),
    ],
)
def test_a_kept_lock_is_charged_where_the_loop_stood_still(
    computed: float, last_beat: float, late: float, blamed: list[str]
) -> None:
    """It did where its thread did not compute, or computed while its heartbeat was due: then its own call kept it."""
    telemetry = Telemetry()
    telemetry.heartbeat.late = late
    nothing = Scheduled(0.0, 0.0, 0)
    before = Reading(0.0, nothing, nothing)
    after = Reading(0.75, Scheduled(0.03, 0.01, 300), Scheduled(computed, 0.0, 1))
    with closing(asyncio.new_event_loop()) as loop:
        telemetry.watchdog._look(Loop(loop, 0, 0), Spent(before, after, 0.05), last_beat)
    assert [place for place, _ in blocked_in(telemetry)] == blamed


def test_a_kept_lock_is_charged_once() -> None:
    """What a call of C code kept the lock for is not charged again when the call is seen a second time."""
    telemetry = Telemetry()
    nothing = Scheduled(0.0, 0.0, 0)
    readings = [
        Reading(0.0, nothing, nothing),
        Reading(0.75, Scheduled(0.03, 0.01, 300), Scheduled(0.74, 0.0, 1)),
        Reading(0.755, Scheduled(0.03, 0.01, 301), Scheduled(0.745, 0.0, 2)),
    ]
    step = Step([sys._getframe()], None)
    with closing(asyncio.new_event_loop()) as loop, pytest.MonkeyPatch.context() as patch:
        patch.setattr(Loop, "step", lambda _self: step)
        for before, after in pairwise(readings):
            telemetry.watchdog._look(Loop(loop, 0, 0), Spent(before, after, 0.05), 0.04)
    assert sum(blocked_in(telemetry).values()) == pytest.approx(0.7, abs=0.02)


def test_chance_stays_the_programs_own(loop: str) -> None:
    """A program that has seeded `random` draws the same numbers as without the watchdog."""
    with served(blocking_app.app, loop) as service:
        random.seed(0)
        state = random.getstate()
        beats = service.telemetry.heartbeat.last
        eventually(lambda: (service.telemetry.heartbeat.last or 0) > (beats or 0) + 1, True)
        assert random.getstate() == state


@pytest.mark.alone
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says what a thread has used")
@pytest.mark.parametrize(("path", "most"), [(None, 0.02), ("/kinds/sleep", 0.08), ("/pieces", 0.12)])
def test_it_costs_little(path: str | None, most: float) -> None:
    """The watchdog's thread uses next to nothing while nothing blocks, and little while all does; a share of a core.

    A slow machine takes four times as much for it as a quick one: bench measures it against its goal.
    """
    with served(blocking_app.app) as service:
        thread = next(thread for thread in threading.enumerate() if thread.name == "inflight-watchdog")
        assert thread.native_id is not None
        with closing(Schedule(thread.native_id)) as schedule:
            service.get("/ping")
            before, began = schedule.read(), time.monotonic()
            while time.monotonic() < began + 2:
                time.sleep(0.5) if path is None else service.get(path)
            share = schedule.read().since(before).on_cpu / (time.monotonic() - began)
    assert share < most
