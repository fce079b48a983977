"""Every query of every panel, on a real Prometheus that scrapes real services under the load component's traffic."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from time import monotonic, sleep, time
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from dashboards import comparison, service
from dashboards.rows import GATEWAYS
from services.lab.process import Service
from tests.dashboards.committed import SCRAPE_INTERVAL, Query, queries
from tests.ports import free_ports
from tests.prometheus.server import PrometheusServer, Series
from tests.stage import Stage

pytestmark = [pytest.mark.long, pytest.mark.flaky(reruns=2)]

PROGRAM = shutil.which("prometheus") or ""
if not PROGRAM:
    pytest.skip("no prometheus on PATH: Debian has it in the package of that name", allow_module_level=True)

MODES = {"sync-gateway": "sync", "threadpool-gateway": "threadpool", "async-gateway": "async"}
LOAD = {"tasks": 10, "every": 15, "delay": 1}
"""What the load component's sender is told."""
SEEN_WITHIN = 60.0
POLL = 0.5
HELD = 3
"""Scrapes in a row at which something must wait to count as waiting: one may see a request that was just arriving."""


@dataclass(frozen=True)
class Observed:
    """A Prometheus that has seen the load, and from when to when."""

    prometheus: PrometheusServer
    start: float
    end: float

    def answers(self, query: Query, chosen: str = ".*") -> Series:
        """Return what Grafana would draw for a panel's query, at its times, or at the end for one of a moment."""
        expr = query.filled(max(1, round(self.end - self.start)), {"service": chosen})
        if query.now:
            return {labels: {self.end: number} for labels, number in self.prometheus.now(expr, self.end).items()}
        return self.prometheus.over(expr, self.start, self.end)


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Observed]:
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
        server = PrometheusServer(PROGRAM, tmp_path_factory.mktemp("prometheus"), port, admin_ports)
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


def status_of(url: str) -> int:
    """Return the status that a URL answers with."""
    try:
        with urlopen(url, timeout=30) as answer:
            return int(answer.status)
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


def column(name: str, row: str, line: str) -> Query:
    """Return a committed query of one column's panel in a row."""
    title = f"{name} · {row}"
    (found,) = (one for one in queries(comparison.UID) if one.title == title and one.name == line)
    return found


def total(series: Series) -> dict[float, float]:
    """Return the sum over all series at each time."""
    sums: dict[float, float] = {}
    for samples in series.values():
        for at, value in samples.items():
            sums[at] = sums.get(at, 0.0) + value
    return sums


def held(samples: dict[float, float]) -> float:
    """Return the most that `HELD` samples in a row all reach."""
    values = [samples[at] for at in sorted(samples)]
    return max(min(values[start : start + HELD]) for start in range(len(values) - HELD + 1))


@pytest.mark.parametrize("query", queries(comparison.UID), ids=str)
def test_the_comparison_has_data(observed: Observed, query: Query) -> None:
    """Every query of the comparison returns data."""
    assert observed.answers(query)


@pytest.mark.parametrize("query", [one for one in queries(service.UID) if "ALERTS" not in one.expr], ids=str)
def test_the_service_dashboard_has_data(observed: Observed, query: Query) -> None:
    """Every query has data for every service, but what a service has not: an upstream, a line that held its loop."""
    empty = {name for name in ("backend", *MODES) if not observed.answers(query, name)}
    if query.name in {"held", "waited"}:
        # A busy machine may well hold up the start of any.
        assert "sync-gateway" not in empty
    else:
        assert empty == ({"backend"} if query.name == "upstream" else set())


def test_the_line_that_blocks_is_named(observed: Observed) -> None:
    """Above the sync column stands a line that calls requests; no other gateway's loop is held by such a line."""
    named = {
        service: {dict(labels)["where"] for labels in observed.answers(query)}
        for service in MODES
        for query in queries(comparison.UID)
        if query.name == "blocked by {{where}}" and f'"{service}"' in query.expr
    }
    (line,) = named.pop("sync-gateway")
    assert re.fullmatch(r"\w+\.py:\d+ [\w.]+ \(requests.*\)", line)
    assert [name for names in named.values() for name in names if "(requests" in name] == []


def test_traffic_names_the_codes(observed: Observed) -> None:
    """The responses' statuses are told apart: a gateway was asked for one error."""
    (query,) = (query for query in queries(service.UID) if query.name == "{{code}}")
    assert {dict(labels)["code"] for labels in observed.answers(query, "async-gateway")} == {"200", "500"}


def test_who_waits(observed: Observed) -> None:
    """The sync column's waiting exceeds 5, the async column's stays at 0."""
    waiting = {name: total(observed.answers(column(name, "waiting", "{{queue}}"))) for name in GATEWAYS}
    assert held(waiting["sync"]) > 5
    assert held(waiting["async"]) == 0


def test_who_is_in_flight(observed: Observed) -> None:
    """While nine wait at the sync-gateway, its own gauge never shows more than one; the others let them all in."""
    row = "in flight (low is bad)"
    most = {name: max(total(observed.answers(column(name, row, "in flight"))).values()) for name in GATEWAYS}
    assert most["sync"] == 1
    assert most["threads"] > 5
    assert most["async"] > 5


def test_the_headline_tells_them_apart(observed: Observed) -> None:
    """What the sync gateway's client waited is red, what the others' did is green, after a foreign request to each."""
    shown = {
        service: max(total(observed.answers(query)).values())
        for service in MODES
        for query in queries(comparison.UID)
        if query.name == "client waited" and f'"{service}"' in query.expr
    }
    assert shown["sync-gateway"] > 8
    assert max(shown["threadpool-gateway"], shown["async-gateway"]) < 2


def test_the_alerts_fire(observed: Observed) -> None:
    """The dashboard of the sync-gateway names the alerts that its blocked loop, its queue and its one error raise."""
    (query,) = (query for query in queries(service.UID) if query.name == "{{alertname}}")
    named = {dict(labels)["alertname"] for labels in observed.answers(query, "sync-gateway")}
    assert named >= {"EventLoopBlocked", "RequestsWaiting", "GatewayErrors"}
