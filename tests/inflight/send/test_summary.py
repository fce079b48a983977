"""The summary of what was sent."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inflight.send.summary import percentile, summarise
from tests.inflight.send.records import record

VALUES = st.lists(st.floats(0, 1000), min_size=1, max_size=300).map(sorted)


@given(VALUES, st.integers(1, 100))
def test_a_percentile_is_the_nearest_rank(ordered: list[float], percent: int) -> None:
    """It is one of the values; at least so many percent are no larger, and one value less would not do."""
    value = percentile(ordered, percent)
    assert value in ordered
    assert sum(each <= value for each in ordered) * 100 >= percent * len(ordered)
    assert sum(each < value for each in ordered) * 100 < percent * len(ordered)


@given(VALUES)
def test_percentiles_rise(ordered: list[float]) -> None:
    """They rise with the percentage, from the least value to the greatest."""
    found = [percentile(ordered, percent) for percent in range(1, 101)]
    assert found == sorted(found)
    assert found[-1] == ordered[-1]
    assert percentile(ordered, 0) == ordered[0]


def test_outcomes_by_kind() -> None:
    """The most common first, the rate of those that went well, and what was not sent."""
    records = [record("a", 1.0), record("b", 2.0), record("c", 2.0, "reset")]
    (first, *_) = summarise("http://x/", records, 5).splitlines()
    assert first == "requests   3 in 2.00 s, 1.0 ok/s: 2 ok, 1 reset, 2 not sent"


def test_latency_is_of_what_was_waited_for() -> None:
    """A timeout took at least so long; one that was refused, or broken off, says nothing of how long responses take."""
    records = [
        record("a", 1.0),
        record("b", 2.0, "server_error"),
        record("c", 6.0, "timeout"),
        record("d", 0.1, "reset"),
    ]
    text = summarise("http://x/", records, 4)
    assert "seconds    min 1.000  p50 2.000  p90 6.000  p95 6.000  p99 6.000  max 6.000  mean 3.000" in text


def test_a_sender_that_is_late_says_so() -> None:
    """Its own delay is in the figures, and must not be taken for the service's."""
    late = replace(record("a", 3.0), behind=1.25)
    assert "the sender itself was up to 1.25 s late" in summarise("http://x/", [record("b", 1.0), late], 2)
    assert "late" not in summarise("http://x/", [replace(late, behind=0.01)], 1)


def test_the_ledger_is_of_the_mean_request() -> None:
    """Shares add up to a whole, and an entry that some lack counts as nothing there."""
    lines = summarise("http://x/", [record("a", 1.0), record("b", 3.0, loop=2.0)], 2).splitlines()
    assert lines[2] == "ledger     where the time went, on average over 2 requests:"
    assert lines[3].split()[:4] == ["loop", "1.000", "s", "50.0%"]
    assert lines[4].split()[:4] == ["upstream", "1.000", "s", "50.0%"]


def test_without_a_ledger_none_is_shown() -> None:
    """What was never tried has none."""
    assert "ledger" not in summarise("http://x/", [replace(record("a", 1.0), ledger={})], 1)


def test_connections_that_tcp_tried_again_are_told() -> None:
    """With what that says of the server; where none was, there is no such line."""
    retried = replace(record("a", 1.03, connect=1.02), connect_retries=1)
    text = summarise("http://x/", [retried, replace(record("b", 0.1), connect_retries=0)], 2)
    assert "TCP had to try again to open 1 of 2 connections" in text
    assert "the slowest took 1.02 s: the server's accept queue was full, or packets were lost" in text
    assert "TCP" not in summarise("http://x/", [record("b", 0.1)], 1)


def test_connections_that_never_came_to_be_are_told() -> None:
    """They were tried again, too, but nobody can say how often; a request that got no response is not one of them."""
    unopened = replace(record("a", 2.5, "timeout"), ledger={"sender": 0.0, "connect": 2.5})
    unanswered = replace(record("b", 2.5, "timeout"), ledger={"sender": 0.0, "connect": 0.1, "first byte": 2.4})
    assert "unopened   1 connections" in summarise("http://x/", [unopened, unanswered], 2)


def test_requests_that_tcp_sent_again_are_told() -> None:
    """Their time is no time of the server's."""
    text = summarise("http://x/", [replace(record("a", 1.0), resent=2), replace(record("b", 0.1), resent=0)], 2)
    assert "TCP had to send 1 of 2 requests again" in text


def test_nothing_sent() -> None:
    """Stopped before the first request: no division by nothing."""
    assert summarise("http://x/", [], 3) == "requests   0 in 0.00 s: none, 3 not sent"


@pytest.mark.parametrize(
    ("outcome", "advice"),
    [
        ("refused", "nothing listens at http://x/"),
        ("unreachable", "http://x/ cannot be reached"),
        ("tls", "http://x/ speaks no TLS that can be trusted"),
    ],
)
def test_advice_where_nothing_went_well(outcome: str, advice: str) -> None:
    """When every request failed in one way, the summary says what to look at."""
    assert advice in summarise("http://x/", [record("a", 1.0, outcome)] * 2, 2)
    assert advice not in summarise("http://x/", [record("a", 1.0, outcome), record("b", 1.0)], 2)


def test_each_kind_of_failure_is_told_once() -> None:
    """In the client library's words, without a password; being stopped is no failure to tell of."""
    failed = [
        replace(record(name, 1.0, outcome), error=error)
        for name, outcome, error in [
            ("a", "unreachable", "no way to http://me:secret@x"),
            ("b", "unreachable", "too many open files"),
            ("c", "reset", "gone"),
            ("d", "cancelled", "CancelledError"),
        ]
    ]
    lines = summarise("http://x/", failed, 4).splitlines()
    assert [line for line in lines if line.startswith("failed")] == [
        "failed     unreachable: no way to http://***@x",
        "failed     reset: gone",
    ]


def test_advice_where_the_task_is_missing() -> None:
    """All responses are 404 and the URL has no place for the task: the summary shows how to write one."""
    missing = replace(record("a", 1.0, "client_error"), status=404)
    assert "write the URL as http://x/{task}" in summarise("http://x/", [missing], 1)
    assert "write the URL as http://x/a/{task}?delay=1" in summarise("http://x/a?delay=1", [missing], 1)
    assert "write the URL" not in summarise("http://x/{task}", [missing], 1)
