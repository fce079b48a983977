"""Every query of every panel, on a real Prometheus that scrapes real services under the load component's traffic."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator

import pytest

from dashboards import comparison, outside, service
from dashboards.rows import GATEWAYS
from tests.dashboards.committed import Query, queries
from tests.dashboards.observed import MODES, WATCHED, Observed, observe
from tests.prometheus.server import Series

pytestmark = [pytest.mark.long, pytest.mark.flaky(reruns=2)]

PROGRAM = shutil.which("prometheus") or ""
if not PROGRAM:
    pytest.skip("no prometheus on PATH: Debian has it in the package of that name", allow_module_level=True)

HELD = 3
"""Scrapes in a row at which something must wait to count as waiting: one may see a request that was just arriving."""


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Observed]:
    """What Prometheus has seen of two bursts and an error at each gateway."""
    with observe(PROGRAM, tmp_path_factory.mktemp("prometheus")) as seen:
        yield seen


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
    assert observed.data(query)


@pytest.mark.parametrize("query", [one for one in queries(service.UID) if "ALERTS" not in one.expr], ids=str)
def test_the_service_dashboard_has_data(observed: Observed, query: Query) -> None:
    """Every query has data for every service, but what a service has not: an upstream, a line that held its loop."""
    empty = {name for name in ("backend", *MODES) if not observed.data(query, name)}
    if query.name in {"held", "waited"}:
        # A busy machine may well hold up the start of any.
        assert "sync-gateway" not in empty
    else:
        assert empty == ({"backend"} if query.name == "upstream" else set())


@pytest.mark.parametrize("query", [one for one in queries(outside.UID) if "ALERTS" not in one.expr], ids=str)
def test_from_outside_has_data(observed: Observed, query: Query) -> None:
    """Every query has data for the port that is watched from outside."""
    assert observed.data(query, WATCHED)


def test_from_outside_nobody_reads(observed: Observed) -> None:
    """The kernel alone tells that requests lie unread at the sync-gateway, and for how long."""
    most = {
        query.title: max(total(observed.data(query, WATCHED)).values())
        for query in queries(outside.UID)
        if query.name == "port {{port}}"
    }
    assert most["Unread connections, by port"] > 5
    assert most["Oldest unread, by port"] > 0  # how much depends on when in the second Prometheus comes by


def test_the_line_that_blocks_is_named(observed: Observed) -> None:
    """Above the sync column stands a line that calls requests; no other gateway's loop is held by such a line."""
    named = {
        service: {dict(labels)["where"] for labels in observed.data(query)}
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
    assert {dict(labels)["code"] for labels in observed.data(query, "async-gateway")} == {"200", "500"}


def test_who_waits(observed: Observed) -> None:
    """The sync column's waiting exceeds 5, the async column's stays at 0."""
    waiting = {name: total(observed.data(column(name, "waiting", "{{queue}}"))) for name in GATEWAYS}
    assert held(waiting["sync"]) > 5
    assert held(waiting["async"]) == 0


def test_who_is_in_flight(observed: Observed) -> None:
    """While nine wait at the sync-gateway, its own gauge never shows more than one; the others let them all in."""
    row = "in flight (low is bad)"
    most = {name: max(total(observed.data(column(name, row, "in flight"))).values()) for name in GATEWAYS}
    assert most["sync"] == 1
    assert most["threads"] > 5
    assert most["async"] > 5


def test_the_headline_tells_them_apart(observed: Observed) -> None:
    """What the sync gateway's client waited is red, what the others' did is green, after a foreign request to each."""
    shown = {
        service: max(total(observed.data(query)).values())
        for service in MODES
        for query in queries(comparison.UID)
        if query.name == "client waited" and f'"{service}"' in query.expr
    }
    assert shown["sync-gateway"] > 8
    assert max(shown["threadpool-gateway"], shown["async-gateway"]) < 2


def test_the_alerts_fire(observed: Observed) -> None:
    """The dashboard of the sync-gateway names the alerts that its blocked loop, its queue and its one error raise."""
    (query,) = (query for query in queries(service.UID) if query.name == "{{alertname}}")
    named = {dict(labels)["alertname"] for labels in observed.data(query, "sync-gateway")}
    assert named >= {"EventLoopBlocked", "RequestsWaiting", "GatewayErrors"}
