"""Histograms whose observations are put into buckets later: what a scrape reads is what prometheus-client would say."""

import threading

import prometheus_client
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest

from inflight.histogram import Histogram

BUCKETS = (0.005, 1.0, 2.5)
AMOUNTS = st.sampled_from([0.0, 0.005, 0.0050001, 1.0, 2.5, 2.6, 1e9]) | st.floats(min_value=0, max_value=4)


def histogram(registry: CollectorRegistry) -> Histogram:
    return Histogram("work_seconds", "Work.", ("kind",), BUCKETS, registry)


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), AMOUNTS)))
def test_a_scrape_reads_what_prometheus_client_would_say(observed: list[tuple[str, float]]) -> None:
    """To the letter, bounds included."""
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    mine = histogram(ours)
    other = prometheus_client.Histogram("work_seconds", "Work.", ("kind",), buckets=BUCKETS, registry=theirs)
    for kind, amount in observed:
        mine.labels(kind).observe(amount)
        other.labels(kind).observe(amount)
    expected = b"".join(line for line in generate_latest(theirs).splitlines(keepends=True) if b"_created" not in line)
    assert generate_latest(ours) == expected


def test_folding_changes_nothing_that_is_read() -> None:
    """Between two scrapes the observations may be folded any number of times."""
    registry = CollectorRegistry()
    family = histogram(registry)
    child = family.labels("a")
    for amount in (0.1, 0.2):
        child.observe(amount)
        family.fold()
        family.fold()
    child.observe(3)
    assert registry.get_sample_value("work_seconds_count", {"kind": "a"}) == 3
    assert registry.get_sample_value("work_seconds_bucket", {"kind": "a", "le": "1.0"}) == 2


def test_a_family_without_observations_has_a_name_and_no_series() -> None:
    """The registry refuses a second one of the name."""
    registry = CollectorRegistry()
    histogram(registry)
    assert generate_latest(registry) == b"# HELP work_seconds Work.\n# TYPE work_seconds histogram\n"
    with pytest.raises(ValueError, match="work_seconds"):
        histogram(registry)


def test_threads_lose_nothing() -> None:
    """Many observe, many fold, one asks for the child over and over: the count is exact."""
    registry = CollectorRegistry()
    family = histogram(registry)

    def work() -> None:
        for number in range(5000):
            family.labels("a").observe(0.5)
            if number % 100 == 0:
                family.fold()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert registry.get_sample_value("work_seconds_count", {"kind": "a"}) == 20_000
    assert registry.get_sample_value("work_seconds_sum", {"kind": "a"}) == 10_000
