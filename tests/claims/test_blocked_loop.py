"""Five requests at once to the gateway that blocks: what its telemetry says while it cannot respond to anybody."""

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from time import perf_counter
from urllib.request import urlopen

import pytest

from inflight.send.record import Record
from inflight.send.schedule import at_once
from inflight.send.sender import Sender, Target
from services.lab.process import Service
from tests.eventually import eventually
from tests.stage import Stage, scrape

pytestmark = [
    pytest.mark.alone,
    pytest.mark.skipif(sys.platform != "linux", reason="the kernel's queue is counted on Linux only"),
]

TASKS = 5
DELAY = 1.0


@contextmanager
def burst(gateway: Service, tasks: int = TASKS) -> Iterator[list[Record]]:
    """Send the tasks from another thread while the block runs; the list is filled when it is left."""
    records: list[Record] = []
    target = Target("sync-gateway", f"{gateway.url}/{{task}}")
    thread = Thread(target=lambda: records.extend(asyncio.run(Sender(target, 30).send(at_once(tasks)))))
    thread.start()
    yield records
    thread.join(60)


def waiting(gateway: Service) -> float:
    """Return how many requests wait in the kernel and in the loop, as the admin port counts them now."""
    metrics = scrape(gateway)
    return sum(metrics.value("http_requests_waiting", queue=queue) for queue in ("kernel", "loop"))


def test_the_admin_port_answers_while_the_application_cannot(stage: Stage, loop: str, http: str) -> None:
    """In flight says 1; waiting says 4, 3, 2, 1, 0; the probe knows that busy is not dead; the waits add up."""
    gateway = stage.gateway("sync", stage.backend(delay=DELAY), loop=loop, http=http)
    with burst(gateway) as records:
        eventually(lambda: waiting(gateway), TASKS - 1)
        took = []
        for left in range(TASKS - 1, -1, -1):
            eventually(lambda: waiting(gateway), left)
            started = perf_counter()
            metrics = scrape(gateway)
            took.append(perf_counter() - started)
            assert metrics.value("http_requests_in_flight") == 1
            with urlopen(f"{gateway.admin_url}/livez", timeout=5) as response:
                assert response.status == 200
        assert min(took) < 0.1  # the quickest: a busy machine delays some, a blocked loop would delay all by a second
    assert [record.outcome for record in records] == ["ok"] * TASKS
    assert all(record.seconds >= DELAY for record in records)

    metrics = scrape(gateway)
    assert metrics.value("http_requests_in_flight") == 0
    assert metrics.value("http_requests_completed_total") == TASKS
    waited = sum(metrics.value("http_request_wait_seconds_sum", queue=queue) for queue in ("kernel", "loop"))
    # They waited for 0 + 1 + 2 + 3 + 4 others, wherever it was; what each really took here is in its own histogram.
    mean = metrics.value("http_request_duration_seconds_sum") / TASKS
    assert waited == pytest.approx(10 * mean, abs=0.2)


def test_the_stall_grows_while_the_loop_is_blocked(stage: Stage, loop: str) -> None:
    """Two looks during one blocking call: what lies between them is in the gauge."""
    gateway = stage.gateway("sync", stage.backend(delay=2), loop=loop)
    with burst(gateway, tasks=1):
        eventually(lambda: scrape(gateway).value("event_loop_stalled_seconds") > 0.5, wanted=True)
        first, at = scrape(gateway).value("event_loop_stalled_seconds"), perf_counter()
        eventually(lambda: perf_counter() - at > 0.5, wanted=True)
        assert scrape(gateway).value("event_loop_stalled_seconds") >= first + 0.5
        assert scrape(gateway).value("http_requests_in_flight") == 1
