"""What lies between the moments of a request."""

from __future__ import annotations

from typing import Any

import pytest

from inflight.send.times import Times


class Response:
    """The readings of a response."""

    def __init__(self, **readings: float) -> None:
        self.first_byte = readings.get("first_byte")
        self.last_byte = readings.get("last_byte")


def times(response: Response | None = None, **readings: Any) -> Times:
    """Return the times of a request that was due at 0 and ended at 10."""
    return Times(due=0.0, begun=1.0, ended=10.0, response=response, **readings)  # type: ignore[arg-type]


def test_every_part_has_its_entry() -> None:
    """A request that begins late, connects, waits, gets a body, and is read late."""
    late = times(Response(first_byte=6.0, last_byte=8.0), connect_started=1.0, connected=3.0, written=3.0)
    assert late.ledger({}) == {"sender": 3.0, "connect": 2.0, "first byte": 3.0, "body": 2.0}
    assert (late.behind, late.seconds) == (3.0, 10.0)


def test_a_connection_that_the_sender_does_not_go_on_with_is_its_own_time() -> None:
    """The kernel had it before."""
    late = times(Response(first_byte=6.0, last_byte=10.0), connect_started=1.0, established=1.5, connected=3.0)
    assert (late.connect, late.behind) == (0.5, 1.0 + 1.5)


@pytest.mark.parametrize("established", [0.9, 3.1])
def test_the_kernels_clock_has_steps(established: float) -> None:
    """It may say that a connection was there before it was begun, or only after the sender saw it."""
    seen = times(Response(first_byte=6.0), connect_started=1.0, established=established, connected=3.0)
    assert seen.connect in {0.0, 2.0}
    assert sum(seen.ledger({}).values()) == pytest.approx(10.0)


def test_what_the_sender_does_before_it_writes_is_its_own_time() -> None:
    """On a busy machine it may be held up between any two steps."""
    held_up = times(Response(first_byte=9.0, last_byte=10.0), connect_started=2.0, connected=3.0, written=7.0)
    assert held_up.ledger({}) == {"sender": 6.0, "connect": 1.0, "first byte": 2.0, "body": 1.0}


def test_a_connection_that_was_there_has_no_connect() -> None:
    """Which is not the same as 0 seconds."""
    kept = times(Response(first_byte=6.0, last_byte=10.0), written=1.0)
    assert kept.ledger({}) == {"sender": 1.0, "first byte": 5.0, "body": 4.0}


def test_where_a_request_got_stuck_is_known() -> None:
    """While it connected, before the first byte, or in the body: the time until the end is that part's."""
    assert times(connect_started=1.0).ledger({}) == {"sender": 1.0, "connect": 9.0}
    assert times(connect_started=1.0, connected=3.0).ledger({}) == {"sender": 1.0, "connect": 2.0, "first byte": 7.0}
    cut = times(Response(first_byte=6.0), connect_started=1.0, connected=3.0)
    assert cut.ledger({}) == {"sender": 1.0, "connect": 2.0, "first byte": 3.0, "body": 4.0}


def test_what_was_never_tried_has_no_ledger() -> None:
    """A URL that is none."""
    assert times().ledger({}) == {}
