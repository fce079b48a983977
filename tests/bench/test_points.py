"""The targets: met where the figures say so, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest

from bench.points import points
from tests.bench.results import bursts, memory, results, turns


def verdicts(number: int, **parts: Any) -> list[bool | None]:
    """Return whether the targets of one point were met."""
    return [each.met for each in points(results(**parts)) if each.number == number]


@pytest.mark.parametrize(("ours", "met"), [(2000.0, True), (1999.0, False)])
def test_a_ratio_of_throughput_is_met_from_its_target_on(ours: float, met: bool) -> None:
    """Twice the instrumented peer is enough, a little less is not."""
    assert verdicts(1, throughput={"gateway": turns(ours, ours), "instrumentator": turns(1000, 1000)}) == [met]


def test_errors_of_our_own_are_never_met() -> None:
    """However fast: a gateway that errs has not met its target."""
    rows = {"gateway": turns(9000, 9000, errors=1), "instrumentator": turns(1000, 1000)}
    assert verdicts(1, throughput=rows) == [False]


def test_the_ratio_to_nginx_is_stated_only() -> None:
    """There is no target for it."""
    assert verdicts(1, throughput={"gateway": turns(9.0), "nginx": turns(10.0)}) == [None]


@pytest.mark.parametrize(("on", "met"), [(90.0, True), (89.0, False)])
def test_the_telemetry_may_cost_a_tenth(on: float, met: bool) -> None:
    """Nine tenths of the throughput without it."""
    assert verdicts(2, throughput={"gateway-quiet": turns(on), "gateway-bare": turns(100.0)}) == [met]


def test_bursts_have_a_limit_for_each_size() -> None:
    """1.25 times for 1,000 at once, 1.3 times for 4,000."""
    assert verdicts(3, bursts=bursts(1.25, 1.0)) == [True, True]
    assert verdicts(3, bursts=bursts(1.28, 1.0)) == [False, True]
    assert verdicts(3, bursts=bursts(1.31, 1.0)) == [False, False]


def test_a_lost_request_spoils_a_burst() -> None:
    """Nobody refused, nobody lost, and how the lost ones ended is said."""
    lost = [each for each in points(results(bursts=bursts(1.0, 1.0, {"200": 3990, "502": 10}))) if each.number == 3]
    assert [each.met for each in lost] == [False, False]
    assert "20 of 8,000 lost (502: 20)" in lost[1].measured


@pytest.mark.parametrize(("many", "met"), [(115.0, True), (116.0, False)])
def test_the_cost_may_grow_by_fifteen_in_a_hundred(many: float, met: bool) -> None:
    """From 100 in flight to 4,000."""
    found = {"rate": 1000.0, "cpu": {"100": [100.0, 100.0], "4000": [many, many]}}
    assert verdicts(4, cost=found) == [met]


def test_memory_that_comes_back_is_met() -> None:
    """20 KB a request, all given back, flat."""
    assert verdicts(5, memory=memory()) == [True, True, True]


@pytest.mark.parametrize(
    ("changed", "met"),
    [
        ({"peak": [40e6 + 4000 * 41e3]}, [False, True, True]),
        ({"peak": []}, [False, True, True]),
        ({"after": [45e6, 45e6]}, [True, False, True]),
        ({"end": 45e6}, [True, False, True]),
        ({"after": [41e6, 46e6]}, [True, True, False]),
        ({"failed": 1}, [False, True, True]),
    ],
)
def test_each_way_to_keep_memory_is_seen(changed: dict[str, Any], met: list[bool]) -> None:
    """Too much for each request, not given back, growing from burst to burst; or a burst that was not whole."""
    assert verdicts(5, memory=memory(**changed)) == met


def test_the_worst_scrape_counts() -> None:
    """One slow answer of /metrics with all the connections open is one too many; a busy moment is only stated."""
    scraped = {"with": [98.0], "without": [100.0], "cpu": 0.005}
    assert verdicts(6, memory=memory(), scrapes=scraped) == [True, True]
    assert verdicts(6, memory=memory(scrapes_waiting=[0.01, 0.11])) == [False]
    assert verdicts(6, memory=memory(scrapes_waiting=[])) == [False]
    assert verdicts(6, scrapes=scraped | {"with": [97.0]}) == [False]


def test_start_up_is_judged_by_its_median() -> None:
    """One slow start of three does not count."""
    found = {"gateway": [0.5, 0.8, 3.0], "help": [0.2, 0.31, 0.32]}
    assert verdicts(7, start_up=found) == [True, False]


def test_the_backend_has_to_be_twice_as_fast() -> None:
    """With the same log level on both sides."""
    rows = {name: turns(rate) for name, rate in (("backend", 20.0), ("gateway", 10.0), ("gateway-quiet", 11.0))}
    assert verdicts(8, throughput=rows | {"backend-quiet": turns(21.0)}) == [True, False]


def test_what_was_not_measured_has_no_verdict() -> None:
    """A run of one part says nothing of the others."""
    assert points(results()) == []
    assert points(results(throughput={"gateway": turns(1.0)})) == []
