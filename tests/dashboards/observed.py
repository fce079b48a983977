"""The lab's real services under the load component's traffic, scraped by a real Prometheus."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep, time
from urllib.error import HTTPError
from urllib.request import urlopen

from services.lab.process import Service
from tests.dashboards.committed import SCRAPE_INTERVAL, Query
from tests.ports import free_ports
from tests.prometheus.server import PrometheusServer, Series
from tests.stage import Stage

MODES = {"sync-gateway": "sync", "threadpool-gateway": "threadpool", "async-gateway": "async"}
LOAD = {"tasks": 10, "every": 15, "delay": 1}
"""What the load component's sender is told."""
SEEN_WITHIN = 60.0
POLL = 0.5
WATCHED = "sync-gateway-from-outside"


@dataclass(frozen=True)
class Observed:
    """A Prometheus that has seen the load, and from when to when."""

    prometheus: PrometheusServer
    start: float
    end: float

    def data(self, query: Query, chosen: str = ".*") -> Series:
        """Return what Grafana would draw for a panel's query, at its times, or at the end for one of a moment."""
        expr = query.filled(max(1, round(self.end - self.start)), {"service": chosen})
        if query.now:
            return {labels: {self.end: number} for labels, number in self.prometheus.now(expr, self.end).items()}
        return self.prometheus.over(expr, self.start, self.end)


@contextmanager
def observe(program: str, directory: Path) -> Iterator[Observed]:
    """Services, sender and Prometheus, after two bursts and an error at each gateway."""
    with ExitStack() as stack:
        stage = Stage(stack)
        backend = stage.backend()
        gateways = {name: stage.gateway(mode, backend, log_level="warning") for name, mode in MODES.items()}
        targets = ",".join(f"{name}={gateway.url}" for name, gateway in gateways.items())
        sender_ports, (port, _) = free_ports(2)
        settings = {"TARGETS": targets, **{name.upper(): str(value) for name, value in LOAD.items()}}
        sender = Service("sender", "services.sender", sender_ports, settings, lambda _who, _line: None)
        scraped = {"backend": backend, **gateways, "sender": sender}
        admin_ports = {name: service.admin_port for name, service in scraped.items()}
        admin_ports[WATCHED] = watched_from_outside(stack, gateways["sync-gateway"].port)
        server = PrometheusServer(program, directory, port, admin_ports)
        stack.callback(server.close)
        server.wait_until_ready()
        wait_for_rules(server, {"backend", *gateways})
        start = time()
        for gateway in gateways.values():
            assert status_of(f"{gateway.url}/failing?status=500&delay=0") == 500
        stack.callback(sender.wait)
        stack.callback(sender.stop)
        sender.start()
        wait_for_bursts(server)
        yield Observed(server, start, time())


def watched_from_outside(stack: ExitStack, port: int) -> int:
    """Return the admin port of an `inflight watch` of a port, which ends with the stack."""
    ((admin_port, _),) = free_ports(1)
    command = [sys.executable, "-m", "inflight", "watch", str(port), "--admin-port", str(admin_port)]
    process = subprocess.Popen(command)
    stack.callback(process.wait, 10)
    stack.callback(process.terminate)
    return admin_port


def status_of(url: str) -> int:
    """Return the status that a URL responds with."""
    try:
        with urlopen(url, timeout=30) as response:
            return int(response.status)
    except HTTPError as error:
        return error.code


def wait_for_rules(server: PrometheusServer, services: set[str]) -> None:
    """Return when the services are scraped and the rules evaluated: Prometheus takes some 5 s to begin."""
    deadline = monotonic() + SEEN_WITHIN
    while services != (recorded := server.values_of("service", "service_queue:http_requests_waiting:sum")):
        assert monotonic() < deadline, f"after {SEEN_WITHIN:g} s only {recorded}"
        sleep(POLL)


def wait_for_bursts(server: PrometheusServer) -> None:
    """Return when Prometheus has seen the second burst end, and one under way where many are served at once.

    A busy machine may keep Prometheus from scraping in the second in which a burst is under way: then there must be
    another one.
    """
    tasks = LOAD["tasks"]
    expected = {"sync-gateway": tasks + 1, "threadpool-gateway": 2 * tasks, "async-gateway": 2 * tasks}
    deadline = monotonic() + SEEN_WITHIN
    while True:
        counts = server.now("sum by (gateway) (sender_requests_completed_total)")
        ended = {dict(labels)["gateway"]: count for labels, count in counts.items()}
        seen = server.now("max by (service) (max_over_time(http_requests_in_flight[5m]))")
        most = {dict(labels)["service"]: number for labels, number in seen.items()}
        if all(ended.get(name, 0) >= count for name, count in expected.items()) and all(
            most.get(name, 0) == tasks for name in ("threadpool-gateway", "async-gateway")
        ):
            break
        assert monotonic() < deadline, f"after {SEEN_WITHIN:g} s: {ended}, most in flight {most}"
        sleep(POLL)
    sleep(2 * SCRAPE_INTERVAL)  # two samples more, for the rules and for what the panels draw
