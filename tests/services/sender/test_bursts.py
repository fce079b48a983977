"""The sender as a service, as a real process."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from services.lab.process import Service
from tests.eventually import eventually
from tests.inflight.send.faulty import FaultyServer
from tests.ports import free_ports
from tests.stage import Stage, scrape, settled

pytestmark = pytest.mark.long

COMPLETED = "sender_requests_completed_total"
IN_FLIGHT = "sender_requests_in_flight"
WAIT = 20


@contextmanager
def started(**settings: object) -> Iterator[tuple[subprocess.Popen[str], Service]]:
    """Start the sender with these settings; yield its process, and its admin port as a service."""
    ports = free_ports(1)[0]
    environment = {key.upper(): str(value) for key, value in settings.items()}
    process = subprocess.Popen(
        [sys.executable, "-m", "services.sender"],
        env={**os.environ, "ADMIN_PORT": str(ports[1]), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield process, Service("sender", "services.sender", ports, {}, lambda _name, _line: None)
    finally:
        process.kill()
        process.communicate()


def test_bursts_go_on_while_earlier_ones_have_no_response(stage: Stage) -> None:
    """A gateway that never responds delays nothing; another one's are counted; SIGTERM ends all of it with 0."""
    backend = stage.backend(delay=0)
    faulty = FaultyServer()
    settings = {"tasks": 3, "every": 0.2, "delay": 0, "timeout": 60}
    try:
        with started(targets=f"good={backend.url},stuck={faulty.url}/hangs", **settings) as (process, sender):
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(12)]
            eventually(lambda: scrape(sender).value(IN_FLIGHT, gateway="stuck") >= 9, wanted=True)
            eventually(lambda: scrape(sender).value(IN_FLIGHT, gateway="stuck") % 3, 0)
            eventually(lambda: scrape(sender).value(COMPLETED, gateway="good", outcome="ok") >= 6, wanted=True)
            assert scrape(sender).value(COMPLETED, gateway="stuck") == 0
            process.send_signal(signal.SIGTERM)
            rest, _ = process.communicate(timeout=WAIT)
            assert process.returncode == 0
    finally:
        faulty.close()
    assert "Traceback" not in rest
    assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} - --- task\d", line) for line in lines)
    assert "cancelled" in rest


def test_a_target_that_is_gone_is_counted_and_the_sender_goes_on() -> None:
    """Refused bursts are outcomes like others, and nothing stays in flight."""
    port = free_ports(1)[0][0]
    with started(targets=f"gone=http://127.0.0.1:{port}", tasks=2, every=0.1) as (process, sender):
        assert process.stdout is not None
        process.stdout.readline()
        eventually(lambda: scrape(sender).value(COMPLETED, gateway="gone", outcome="refused") >= 6, wanted=True)
        assert process.poll() is None
        settled(sender, IN_FLIGHT)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=WAIT)
        assert process.returncode == 0


@pytest.mark.parametrize("tasks", ["0", "10001"])
def test_a_burst_has_bounds(tasks: str) -> None:
    """A burst of nothing, or of far too much, is refused by name."""
    with started(tasks=tasks) as (process, _):
        output, _ = process.communicate(timeout=WAIT)
    assert process.returncode == 2
    assert output.startswith(f"TASKS='{tasks}': ")
