"""The goals: met where the figures say so, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest

from bench.goals import goals
from tests.bench.results import bursts, cost, memory, results, scale, turns


def verdicts(number: int, containing: str = "", **parts: Any) -> list[bool | None]:
    """Return whether the goals of one number were met."""
    return [each.met for each in goals(results(**parts)) if each.number == number and containing in each.goal]


@pytest.mark.parametrize(("ours", "met"), [(111, True), (113, False)])
def test_a_price_is_met_up_to_its_goal(ours: float, met: bool) -> None:
    """12 microseconds for an `async def` handler."""
    found = cost(plain=turns(100, 90), inflight=turns(ours, ours - 10))
    assert verdicts(1, "async: at most +12", cost=found) == [met]


def test_the_cheapest_exporter_is_the_one_to_compare_with() -> None:
    """10 microseconds are a quarter of what the cheapest adds, whichever that is, and all of OpenTelemetry's tenth."""
    found = cost(
        plain=turns(100), inflight=turns(110), instrumentator=turns(150), exporter=turns(140), opentelemetry=turns(199)
    )
    assert verdicts(1, "starlette_exporter", cost=found) == [True, True]
    assert verdicts(1, "OpenTelemetry", cost=found) == [False]
    assert verdicts(1, "instrumentator", cost=found) == []


def test_who_errs_has_no_price() -> None:
    """However fast: errors are no responses."""
    assert verdicts(1, cost=cost(plain=turns(100), inflight=turns(50, errors=1))) == []


@pytest.mark.parametrize(("many", "met"), [(1.3, True), (1.34, False)])
def test_the_price_may_not_grow(many: float, met: bool) -> None:
    """Within a tenth of what it is with ten in flight; that itself is only stated."""
    assert verdicts(2, scale=scale(many)) == [None, met, met, met, met]


def test_a_scrape_is_judged_by_its_median() -> None:
    """One slow of three does not count."""
    found = {"in_flight": 10_000, "metrics": [0.04, 0.04, 0.2], "requests": [0.11], "stall": [0.004], "no_stall": [0]}
    assert verdicts(3, scrapes=found) == [True, True, False]


def test_the_watchdog_may_cost_more_while_the_loop_is_blocked() -> None:
    """One in a hundred of a core is too much for an idle loop, and little for a blocked one."""
    assert verdicts(3, watchdog={"idle": [0.01], "busy": [0.004], "blocked": [0.01]}) == [False, True, True]


@pytest.mark.parametrize(
    ("found", "met"),
    [
        (memory(1.5), [True, True, True]),
        (memory(1.6), [False, True, True]),
        (memory(1, 0.2), [True, False, True]),
        (memory(1) | {"supervisor": [26e6]}, [True, True, False]),
    ],
)
def test_each_way_to_keep_memory_is_seen(found: dict[str, Any], met: list[bool]) -> None:
    """Too much for each request beyond the plain service's own, not given back, or a heavy supervisor."""
    assert verdicts(4, memory=found) == met


def test_start_up_is_judged_beside_uvicorn() -> None:
    """What `inflight run` takes is its difference to the bare server."""
    found = {"gateway": [0.5, 0.8, 3.0], "help": [0.2, 0.31, 0.32], "uvicorn": [0.4], "inflight": [0.65]}
    assert verdicts(5, start_up=found) == [True, False, True]


def test_the_lab_is_judged_by_its_throughput() -> None:
    """Twice the exporter's is enough, nine times httpx's is not; with errors nothing is."""
    found = {"gateway": turns(100), "instrumentator": turns(200), "plain": turns(900)}
    assert verdicts(5, lab=found) == [True, False]
    assert verdicts(5, lab=found | {"gateway": turns(100, errors=1)}) == [False, False]


def test_a_lost_request_spoils_a_burst() -> None:
    """1.25 and 1.45 times the backend's own, and nobody lost; how the lost ones ended is said."""
    assert verdicts(5, bursts=bursts(1.4, 1.0)) == [False, True]
    lost = goals(results(bursts=bursts(1.0, 1.0, {"200": 3990, "502": 10})))
    assert [each.met for each in lost] == [False, False]
    assert "20 of 8,000 lost (502: 20)" in lost[1].measured


def test_what_was_not_measured_has_no_verdict() -> None:
    """A run of one part says nothing of the others."""
    assert goals(results()) == []
    assert goals(results(cost=cost(inflight=turns(100)))) == []
