"""Times, counts and outcomes in words."""

from __future__ import annotations

import pytest

from inflight.report.words import MANY, count, duration, end, outcome, selection, summary
from tests.inflight.report.runs import lost, request


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0 ms"),
        (0.00004, "< 0.1 ms"),
        (0.0004, "0.4 ms"),
        (0.00997, "10 ms"),
        (0.0123, "12 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.000 s"),
        (2.0042, "2.004 s"),
        (10.0, "10.00 s"),
        (123.456, "123.46 s"),
    ],
)
def test_duration(seconds: float, text: str) -> None:
    """A time has three digits or so, and its unit."""
    assert duration(seconds) == text


def test_count() -> None:
    """One is singular, none and many are plural, thousands are set apart."""
    assert [count(number, "request") for number in (0, 1, 10_000)] == ["0 requests", "1 request", "10,000 requests"]


def test_a_success_and_a_failure() -> None:
    """A success shows its time; a failure says in words what happened, with the status if there was one."""
    assert end(request("a", upstream=2.0)) == "2.000 s"
    assert end(lost("b", 5.0)) == "✗ timeout, 5.000 s"
    assert end(request("c", outcome="server_error", status=504, upstream=1.0)) == "✗ server error 504, 1.000 s"
    assert outcome(request("d", upstream=1.0)) == "ok"


def test_few_successes_need_no_summary() -> None:
    """What can be read one by one is not summed up."""
    assert summary([request("a", upstream=1.0)] * MANY) is None
    assert summary([]) is None


def test_summary_of_many() -> None:
    """Many requests have a median and a slowest."""
    assert summary([request("a", upstream=n + 1.0) for n in range(MANY + 1)]) == (
        "11 requests: half took at most 6.000 s, the slowest 11.00 s; none failed."
    )


def test_failures_are_counted_by_kind() -> None:
    """However few they are, failures are named."""
    assert summary([request("a", upstream=1.0), lost("b", 2.0), lost("c", 3.0, "refused"), lost("d", 2.0)]) == (
        "4 requests: half took at most 2.000 s, the slowest 2.000 s; 3 failed (2 timeout, 1 refused)."
    )


def test_what_had_no_response_has_no_time() -> None:
    """A refusal is quick and says nothing of the service; what was stopped did not fail."""
    refused = [lost("a", 0.001, "refused")] * 3
    assert summary([*refused, request("b", upstream=2.0)]) == (
        "4 requests: half took at most 2.000 s, the slowest 2.000 s; 3 failed (3 refused)."
    )
    assert summary([lost("a", 3.0, "cancelled")] * 2) == (
        "2 requests: none failed; 2 had no response yet when the sending was stopped."
    )


def test_selection() -> None:
    """A picture that leaves requests out says so, and how it chose."""
    assert selection([request("a", upstream=1.0)] * 200) is None
    assert selection([request("a", upstream=1.0)] * 10_000) == (
        "Of 10,000 requests this shows 200: the 50 slowest, others that failed (up to 50), and the rest picked evenly "
        "over the run."
    )
