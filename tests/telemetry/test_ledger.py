"""The ledger's arithmetic."""

import pytest

from services.telemetry.ledger import Ledger, unread_ledger


def test_loop_wait_is_from_read_to_entered() -> None:
    """What passes between reading a request and entering the application was spent in the loop's queue."""
    ledger = Ledger(read_at=10)
    ledger.enter(13)
    assert ledger.loop == 3


def test_total_counts_from_the_arrival_in_the_kernel() -> None:
    """The total begins before the request was read, where the kernel says how long before."""
    assert Ledger(read_at=10, kernel=2).total(15) == 7
    assert Ledger(read_at=10, kernel=None).total(15) == 5


def test_entries_come_in_the_order_of_a_requests_life() -> None:
    """A wait that is not known is None, and the total is last."""
    ledger = Ledger(read_at=10, kernel=1)
    ledger.enter(12)
    ledger.upstream = 4
    assert list(ledger.entries(20).items()) == [
        ("kernel", 1),
        ("loop", 2),
        ("thread", None),
        ("pool", None),
        ("upstream", 4),
        ("total", 11),
    ]


def test_calls_one_after_another_add_up() -> None:
    """Each with its wait for a connection, and for the loop."""
    ledger = Ledger(read_at=0)
    ledger.enter(0)
    ledger.begin_call(1)
    ledger.end_call(4, None, 0)
    ledger.begin_call(10)
    ledger.end_call(15, 1, 0.5)
    assert (ledger.pool, ledger.loop, ledger.upstream) == (1, 0.5, 3 + 3.5)


def test_time_in_which_several_calls_are_under_way_counts_once() -> None:
    """Else the entries would say more than the request took. No call's waits are more than its share of that."""
    ledger = Ledger(read_at=0)
    for _ in range(3):
        ledger.begin_call(1)
    ledger.end_call(2, 0.25, 0)
    ledger.end_call(4, None, 0)
    ledger.end_call(4.5, 3, 3)
    assert (ledger.pool, ledger.loop, ledger.upstream) == (0.25 + 0.5, 0, 0.75 + 2)


def test_leaving_tells_whoever_wants_to_know() -> None:
    """A client's leaving is noted, and its work's owner is told."""
    told: list[str] = []
    ledger = Ledger(read_at=0)
    ledger.leave()
    assert ledger.disconnected
    ledger.on_disconnect += [lambda: told.append("gone"), lambda: told.append("away")]
    ledger.leave()
    assert told == ["gone", "away"]


def test_a_request_that_nobody_stamped_has_waited_nowhere() -> None:
    """Without the stamping protocol the kernel's wait is absent, never 0."""
    assert unread_ledger().kernel is None


def test_a_ledger_takes_no_other_entries() -> None:
    """Slots keep a ledger small, and a misspelt entry from going unnoticed."""
    with pytest.raises(AttributeError):
        Ledger(read_at=0).upstraem = 1  # type: ignore[attr-defined]
