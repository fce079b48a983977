"""The lab as containers on a network of their own, asked through published ports."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from threading import Thread

import pytest

from inflight.send.record import Record
from inflight.send.schedule import at_once
from inflight.send.sender import Sender, Target
from tests.client import get
from tests.containers.images import Container, docker, private_network, running
from tests.eventually import eventually
from tests.stage import Metrics

pytestmark = pytest.mark.alone

DELAY = 0.5
TASKS = 5


@pytest.fixture(scope="module")
def gateways(backend_image: str, gateway_image: str) -> Iterator[dict[str, Container]]:
    """A gateway of each mode in front of a backend that only they can reach."""
    with ExitStack() as stack:
        network = stack.enter_context(private_network())
        backend = stack.enter_context(running(backend_image, network=network, name="backend", DELAY=str(DELAY)))
        started = {
            mode: stack.enter_context(
                running(gateway_image, network=network, GATEWAY_MODE=mode, BACKEND_URL="http://backend:8000")
            )
            for mode in ("sync", "async", "threadpool")
        }
        for container in (backend, *started.values()):
            container.until_ready()
        yield started


def send(container: Container, tasks: int) -> list[Record]:
    """Send tasks at once, and return what became of them."""
    return asyncio.run(Sender(Target("gateway", f"{container.url}/{{task}}"), 30).send(at_once(tasks)))


def metrics(container: Container) -> Metrics:
    """Return one scrape."""
    return Metrics(get(f"{container.admin_url}/metrics").text)


def test_one_mode_waits_in_line(gateways: dict[str, Container]) -> None:
    """The sync gateway's tasks follow one another, the others' overlap; nobody fails."""
    last = {}
    for mode, container in gateways.items():
        records = send(container, TASKS)
        assert [record.outcome for record in records] == ["ok"] * TASKS
        last[mode] = max(record.seconds for record in records)
    assert last["sync"] >= TASKS * DELAY
    assert last["async"] < last["sync"] / 2
    assert last["threadpool"] < last["sync"] / 2


def test_the_admin_port_tells_of_the_queue(gateways: dict[str, Container]) -> None:
    """Through the published port, while the blocked gateway cannot respond: one in flight, the others in the kernel."""
    container = gateways["sync"]
    thread = Thread(target=send, args=(container, TASKS))
    thread.start()
    eventually(lambda: waiting(container), TASKS - 1)
    assert metrics(container).value("http_requests_in_flight") == 1
    assert get(f"{container.admin_url}/livez").status == 200
    thread.join(30)
    assert waiting(container) == 0


def waiting(container: Container) -> float:
    """Return how many requests wait before the application."""
    seen = metrics(container)
    return sum(seen.value("http_requests_waiting", queue=queue) for queue in ("kernel", "loop"))


@pytest.mark.parametrize("mode", ["sync", "async", "threadpool"])
def test_a_stop_loses_no_request(mode: str, backend_image: str, gateway_image: str) -> None:
    """SIGTERM while tasks are under way and waiting: every one of them is answered, and the status is 0."""
    with private_network() as network, running(backend_image, network=network, name="backend", DELAY=str(DELAY)):
        settings = {"GATEWAY_MODE": mode, "BACKEND_URL": "http://backend:8000"}
        with running(gateway_image, network=network, **settings) as gateway:
            gateway.until_ready()
            records: list[Record] = []
            thread = Thread(target=lambda: records.extend(send(gateway, TASKS)))
            thread.start()
            eventually(lambda: metrics(gateway).value("http_requests_in_flight") + waiting(gateway), TASKS)
            docker("kill", "--signal=TERM", gateway.identifier)
            thread.join(30)
            assert [record.outcome for record in records] == ["ok"] * TASKS
            assert gateway.exit_code == 0
