"""What wrk prints, understood."""

import pytest

from bench.wrk import Load, parse
from inflight.terminal.errors import CommandError

GOOD = """Running 2s test @ http://127.0.0.1:8002/task1
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency    15.16ms    4.66ms  92.03ms   93.56%
    Req/Sec     4.27k   539.59     4.88k    85.00%
  Latency Distribution
     50%   14.20ms
     75%   15.91ms
     90%   18.02ms
     99%   38.40ms
  8499 requests in 2.00s, 1.31MB read
Requests/sec:   4247.71
Transfer/sec:    671.92KB
"""
SOCKETS = "  Socket errors: connect 1, read 20, write 300, timeout 4000\n"
STATUSES = "  Non-2xx or 3xx responses: 4000\n"


def test_a_good_run_is_read() -> None:
    """Requests, time and percentiles are wrk's own; nothing went wrong."""
    load = parse(GOOD)
    assert load == Load(8499, 2.0, load.median, load.p99, errors=0)
    assert (load.median, load.p99) == pytest.approx((0.0142, 0.0384))


def test_the_rate_counts_good_answers_only() -> None:
    """A response with an error's status is fast, and worth nothing."""
    load = parse(GOOD.replace("Requests/sec", STATUSES + "Requests/sec"))
    assert (load.errors, load.rate) == (4000, 4499 / 2.0)


def test_socket_errors_are_counted_of_every_kind() -> None:
    """Connections refused, broken and timed out are errors, together with bad statuses."""
    load = parse(GOOD.replace("Requests/sec", SOCKETS + STATUSES + "Requests/sec"))
    assert load.errors == 1 + 20 + 300 + 4000 + 4000


def test_more_errors_than_requests_are_no_negative_rate() -> None:
    """A server that breaks everything off has a rate of 0."""
    load = parse(GOOD.replace("8499 requests", "0 requests").replace("Requests/sec", SOCKETS + "Requests/sec"))
    assert (load.errors, load.rate) == (4321, 0.0)


@pytest.mark.parametrize(
    ("written", "seconds"), [("812.00us", 812e-6), ("14.20ms", 14.2e-3), ("1.15s", 1.15), ("1.50m", 90.0)]
)
def test_every_unit_is_seconds(written: str, seconds: float) -> None:
    """Whatever unit wrk picks, a time is in seconds."""
    assert parse(GOOD.replace("14.20ms", written)).median == pytest.approx(seconds)


def test_whole_percentiles_are_read_as_wrk_prints_them() -> None:
    """Some builds print 50.000%."""
    assert parse(GOOD.replace("50%", "50.000%")).median == pytest.approx(0.0142)


@pytest.mark.parametrize("text", ["", "wrk: unable to connect", GOOD.replace("50%", "51%")])
def test_what_is_not_wrks_output_is_refused(text: str) -> None:
    """A figure that is not there is not made up."""
    with pytest.raises(CommandError, match="not the output of `wrk --latency`"):
        parse(text)
