"""The ledger's arithmetic."""

import pytest

from inflight.ledger import Ledger
from inflight.telemetry import Telemetry


class Doing:
    """Something that a request does."""

    def __init__(self, entry: str) -> None:
        self.entry, self.since = entry, 0.0


def ledger(at: float = 0) -> Ledger:
    """Return the ledger of a request that entered the application then."""
    return Ledger(Telemetry(), {}, at)


def test_total_counts_from_the_arrival_in_the_kernel() -> None:
    """The total begins before the request was read, where the kernel says how long before."""
    one = ledger(10)
    assert one.total(15) == 5
    one.read_at, one.kernel = 9, 2
    assert one.total(15) == 8


def test_what_nobody_measured_is_absent() -> None:
    """Never 0: of a request without a stamp, and without a wait, only the total is known."""
    assert ledger(10).entries(12) == {"total": 2}


def test_entries_come_in_the_order_of_a_requests_life() -> None:
    """The total is last."""
    one = ledger(10)
    one.kernel, one.loop = 1, 2
    for entry in ("upstream", "pool", "thread"):
        doing = Doing(entry)
        one.begin(doing, 12)
        one.end(doing, 13)
    assert list(one.entries(20)) == ["kernel", "loop", "thread", "pool", "upstream", "total"]


def test_waits_one_after_another_add_up() -> None:
    """Each under its own entry; what lies between is the application's."""
    one = ledger()
    for entry, begun, ended in (("upstream", 1, 4), ("pool", 10, 11), ("upstream", 11, 15)):
        doing = Doing(entry)
        one.begin(doing, begun)
        one.end(doing, ended)
    assert one.spent == {"upstream": 7, "pool": 1}


def test_time_in_which_several_things_are_under_way_counts_once() -> None:
    """Else the entries would say more than the request took. An upstream at work counts before a wait."""
    one = ledger()
    call, other, wait = Doing("upstream"), Doing("upstream"), Doing("pool")
    one.begin(call, 1)
    one.begin(wait, 2)
    one.begin(other, 3)
    one.end(call, 4)
    one.end(other, 6)
    one.end(wait, 7)
    assert one.spent == {"upstream": 5, "pool": 1}


def test_what_is_under_way_is_in_the_entries() -> None:
    """A response that begins while a wait goes on says how long it has taken so far."""
    one = ledger()
    one.begin(Doing("pool"), 1)
    assert one.entries(5) == {"pool": 4, "total": 5}
    assert one.entries(6) == {"pool": 5, "total": 6}


def test_a_second_end_changes_nothing() -> None:
    """Callbacks may come twice."""
    one, wait = ledger(), Doing("pool")
    one.begin(wait, 1)
    one.end(wait, 2)
    one.end(wait, 5)
    assert one.spent == {"pool": 1}


def test_lateness_moves_from_the_upstream_to_the_loop() -> None:
    """The response was there, and our own loop had not read it. No more moves than there is."""
    one, call = ledger(), Doing("upstream")
    one.begin(call, 0)
    one.end(call, 2)
    one.late(0.5)
    assert (one.spent["upstream"], one.loop) == (1.5, 0.5)
    one.late(9)
    assert (one.spent["upstream"], one.loop) == (0, 2)


@pytest.mark.parametrize(("sent", "left"), [(3, True), (4, False)])
def test_a_client_that_has_all_announced_bytes_has_not_left(sent: int, left: bool) -> None:
    """It may close before the server has said that there is no more."""
    one = ledger()
    one.response_headers, one.sent = [(b"Content-Length", b"4")], sent
    one.client_left()
    assert one.disconnected is left


def test_a_ledger_takes_no_other_entries() -> None:
    """Slots keep a ledger small, and a misspelt entry from going unnoticed."""
    with pytest.raises(AttributeError):
        ledger().upstraem = 1  # type: ignore[attr-defined]
