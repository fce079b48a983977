"""A service's start and stop: nothing that was accepted is cut off."""

import asyncio
import signal
import socket
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from inflight.send.record import Record
from inflight.send.schedule import at_once
from inflight.send.sender import Sender, Target
from services.lab.process import Service
from tests.client import get
from tests.eventually import eventually
from tests.hardness.weather import frozen
from tests.stage import Stage, scrape, settled

pytestmark = pytest.mark.long

MODES = ["sync", "threadpool", "async"]


def process_of(service: Service) -> subprocess.Popen[str]:
    """Return the service's process."""
    assert service._process is not None
    return service._process


def readiness(service: Service) -> int:
    """Return the status of /readyz; 0 when nobody responds any more."""
    try:
        with urlopen(f"{service.admin_url}/readyz", timeout=5) as response:
            return int(response.status)
    except HTTPError as error:
        error.close()
        return error.code
    except OSError:
        return 0


class Burst(threading.Thread):
    """Requests sent at once from another thread."""

    def __init__(self, service: Service, tasks: int, delay: float) -> None:
        super().__init__()
        self.target = Target("x", f"{service.url}/{{task}}?delay={delay}")
        self.tasks = tasks
        self.records: list[Record] = []
        self.start()

    def run(self) -> None:
        self.records = asyncio.run(Sender(self.target, 60).send(at_once(self.tasks)))

    def outcomes(self) -> set[str]:
        self.join(60)
        return {record.outcome for record in self.records}


def inside(service: Service) -> float:
    """Return how many requests the service holds, in flight and in its queues."""
    metrics = scrape(service)
    return sum(
        metrics.value("http_requests_waiting", queue=queue) for queue in ("kernel", "loop", "thread")
    ) + metrics.value("http_requests_in_flight")


@pytest.mark.parametrize("mode", MODES)
def test_a_stop_under_load_cuts_nothing_off(stage: Stage, loop: str, mode: str) -> None:
    """Six requests, in flight or in a queue, when SIGTERM comes: all are answered, and the exit code is 0."""
    backend = stage.backend(delay=0)
    gateway = stage.gateway(mode, backend, loop=loop, log_level="warning")
    with frozen(backend):
        burst = Burst(gateway, tasks=6, delay=0)
        eventually(lambda: inside(gateway), 6)
        process_of(gateway).terminate()
        eventually(lambda: readiness(gateway), 503)
    assert burst.outcomes() == {"ok"}
    assert process_of(gateway).wait(20) == 0


def test_not_ready_first_but_still_accepting(stage: Stage) -> None:
    """Kubernetes goes on sending traffic for a moment after SIGTERM: it is served while the drain delay lasts.

    Each response ends its connection: one that idled until the end could be used in the moment in which it closes.
    """
    backend = stage.backend(delay=0, drain_delay=3600)
    assert readiness(backend) == 200
    process_of(backend).terminate()
    eventually(lambda: readiness(backend), 503)
    ended = monotonic() + 1.5  # uvicorn renews its headers each second
    while monotonic() < ended:
        response = get(f"{backend.url}/task1")
        assert (response.status, response.header("connection")) == (200, "close")
    process_of(backend).terminate()
    assert process_of(backend).wait(20) == -signal.SIGTERM


def test_what_is_in_flight_when_a_stop_begins_ends_its_connection(stage: Stage) -> None:
    """Its client would keep the connection else, and use it in the moment in which it is closed."""
    backend = stage.backend(drain_delay=3600)
    with ThreadPoolExecutor(1) as threads:
        response = threads.submit(get, f"{backend.url}/task1?delay=1")
        settled(backend, "http_requests_in_flight", 1)
        process_of(backend).terminate()
        assert response.result().status == 200
    assert response.result().header("connection") == "close"
    process_of(backend).kill()


def test_a_steady_load_through_a_stop_and_a_start_loses_only_what_was_refused(stage: Stage) -> None:
    """Requests at a rate, one on each connection: each is answered, or was refused because nobody listened."""
    backend = stage.backend(delay=0.05, drain_delay=0.3, log_level="warning")
    ended: Counter[str] = Counter()

    def on_record(record: Record) -> None:
        ended[record.outcome] += 1
        if ended["ok"] == 50 and record.outcome == "ok":
            process_of(backend).terminate()

    def until_refused() -> Iterator[float]:
        for number in range(50 * 60):
            if ended["refused"] >= 20:
                return
            yield number / 50

    sender = Sender(Target("x", f"{backend.url}/task"), 20, on_record=on_record)
    outcomes = [record.outcome for record in asyncio.run(sender.send(until_refused()))]
    assert set(outcomes) == {"ok", "refused"}
    assert outcomes == sorted(outcomes)  # first all are served, then all are refused
    assert process_of(backend).wait(20) == 0


@pytest.mark.parametrize("mode", ["backend", "threadpool", "async"])
def test_requests_that_never_end_are_cut_off_at_the_drain_timeout(stage: Stage, mode: str) -> None:
    """A stop takes no longer than it may, and the client is told why; a thread that waits for the backend is left."""
    service = stage.backend(drain_timeout=1)
    if mode != "backend":
        service = stage.gateway(mode, service, drain_timeout=1)
    burst = Burst(service, tasks=1, delay=60)
    settled(service, "http_requests_in_flight", 1)  # one that had not been read would be told without being cut off
    started = monotonic()
    process_of(service).terminate()
    assert burst.outcomes() == {"server_error"}
    assert burst.records[0].status == 503
    assert process_of(service).wait(20) == 0
    assert monotonic() - started < 15
    service.wait()  # until its last words have been read
    assert any("timeout graceful shutdown exceeded" in line for _, line in stage.said)
    assert not any("Traceback" in line for _, line in stage.said)


def test_a_blocked_loop_finds_the_drain_over_and_turns_its_queue_away(stage: Stage) -> None:
    """The call under way ends as it does; those that waited behind it are told at once, however late that is."""
    gateway = stage.gateway("sync", stage.backend(), drain_timeout=1, log_level="warning")
    burst = Burst(gateway, tasks=5, delay=8)
    eventually(lambda: inside(gateway), 5)
    process_of(gateway).terminate()
    burst.join(60)
    statuses = Counter(record.status for record in burst.records)
    assert set(statuses) == {200, 503}
    assert statuses[200] <= 2  # a second one, where the signal came late in the first
    assert process_of(gateway).wait(20) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_stops_at_once(stage: Stage, number: signal.Signals) -> None:
    """Even while the loop is blocked in a call: the user has said it twice."""
    gateway = stage.gateway("sync", stage.backend(), log_level="warning")
    burst = Burst(gateway, tasks=2, delay=30)
    eventually(lambda: inside(gateway), 2)
    process = process_of(gateway)
    process.send_signal(number)
    eventually(lambda: readiness(gateway), 503)
    process.send_signal(number)
    assert process.wait(10) == -number
    assert burst.outcomes() == {"reset"}


def test_an_idle_service_stops_within_a_second_and_a_half(stage: Stage) -> None:
    """Nothing to drain, nothing to wait for; kept-alive connections do not hold it up."""
    backend = stage.backend(delay=0)
    with socket.create_connection(("127.0.0.1", backend.port)) as idle:
        idle.sendall(b"GET /task1 HTTP/1.1\r\nHost: x\r\n\r\n")
        assert idle.recv(100).startswith(b"HTTP/1.1 200")
        started = monotonic()
        process_of(backend).send_signal(signal.SIGINT)
        assert process_of(backend).wait(20) == 0
        assert monotonic() - started < 15  # a busy machine's second and a half; a drain would take 30
        assert idle.recv(1000).endswith(b'{"message":"success"}') or idle.recv(1000) == b""


def test_liveness_fails_only_beyond_the_limit(stage: Stage) -> None:
    """A loop that stands still for longer than it may is dead; before that, it is busy."""
    backend = stage.backend(delay=0)
    gateway = stage.gateway("sync", backend, liveness_stall_limit=0.5)
    eventually(lambda: get(f"{gateway.admin_url}/livez").status, 200)
    with frozen(backend):
        burst = Burst(gateway, tasks=1, delay=0)
        eventually(lambda: get(f"{gateway.admin_url}/livez").status, 503)
        assert "the event loop has stood still for" in get(f"{gateway.admin_url}/livez").text
    assert burst.outcomes() == {"ok"}
    eventually(lambda: get(f"{gateway.admin_url}/livez").status, 200)
