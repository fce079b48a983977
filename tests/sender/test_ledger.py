"""The sender's ledger adds up."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.sender.ledger import GRAIN, SERVER_ENTRIES, close_ledger
from services.sender.record import ENTRIES
from services.telemetry.server_timing import format_server_timing, parse_server_timing

SECONDS = st.floats(0, 1000)
Request = tuple[float, float, float | None, dict[str, float]]
"""The arguments of `close_ledger`."""
HEADERS = st.dictionaries(st.sampled_from([*SERVER_ENTRIES, "total", "db"]), st.floats(0, 1e300) | SECONDS)


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """Draw a request as it could be: what was known of it at the server is part of what the client saw."""
    parts = {name: draw(SECONDS) for name in draw(st.sets(st.sampled_from(SERVER_ENTRIES)))}
    total = sum(parts.values()) + draw(SECONDS)
    connect, behind = draw(SECONDS | st.none()), draw(SECONDS)
    return total + (connect or 0) + behind + draw(SECONDS), behind, connect, {**parts, "total": total}


@given(SECONDS, SECONDS, SECONDS | st.none(), HEADERS)
def test_a_ledger_adds_up_or_is_empty(
    seconds: float, behind: float, connect: float | None, server: dict[str, float]
) -> None:
    """Whatever a server says: no entry is negative, and together they are the request's whole time."""
    ledger = close_ledger(seconds, behind, connect, server)
    if ledger:
        assert sum(ledger.values()) == pytest.approx(seconds, abs=1e-9)
        assert min(ledger.values()) >= 0
        assert list(ledger) == [name for name in ENTRIES if name in ledger]


@given(requests())
def test_what_can_be_true_is_kept(request: Request) -> None:
    """A ledger that adds up at the server is kept entry by entry; the rest is the application's and the network's."""
    seconds, behind, connect, server = request
    ledger = close_ledger(*request)
    known = {name: value for name, value in server.items() if name != "total"}
    assert {name: ledger[name] for name in known} == pytest.approx(known, abs=1e-9)
    assert ledger["application"] == pytest.approx(server["total"] - sum(known.values()), abs=1e-9)
    assert ledger["sender"] == pytest.approx(behind, abs=1e-9)
    assert ledger["network"] == pytest.approx(seconds - behind - (connect or 0) - server["total"], abs=1e-9)
    assert ledger.get("connect") == pytest.approx(connect, abs=1e-9)


@given(SECONDS, SECONDS, st.floats(1e-6, 1e300))
def test_an_unbelievable_total_gives_an_empty_ledger(seconds: float, connect: float, more: float) -> None:
    """A server cannot have had a request for longer than the client waited for it."""
    assert close_ledger(seconds, 0.0, connect, {"total": max(0, seconds - connect) + GRAIN + more}) == {}


@pytest.mark.parametrize("entry", SERVER_ENTRIES)
def test_an_unbelievable_entry_gives_an_empty_ledger(entry: str) -> None:
    """An entry alone that is longer than the request makes all of it unbelievable, whatever the total says."""
    assert close_ledger(1.0, 0.0, None, {entry: 1e300, "total": 0.5}) == {}
    assert close_ledger(1.0, 0.0, None, {entry: inf, "total": 0.5}) == {}


def test_without_a_total_nothing_is_known() -> None:
    """A service that sends no Server-Timing of ours has no ledger."""
    assert close_ledger(1.0, 0.0, 0.1, {"db": 0.2, "upstream": 0.3}) == {}


def test_the_kernels_grain_is_taken_back_from_it() -> None:
    """The kernel counts in steps: what it counted too much does not lengthen the request."""
    ledger = close_ledger(0.100, 0.0, None, {"kernel": 0.008, "loop": 0.001, "upstream": 0.095, "total": 0.104})
    rest = dict.fromkeys(("sender", "application", "network"), 0)
    assert ledger == pytest.approx({"kernel": 0.004, "loop": 0.001, "upstream": 0.095, **rest})


def test_the_sender_is_late_only_with_what_the_server_leaves() -> None:
    """Its reading of the kernel has the same grain: it cannot take what the server knows to have been its own."""
    ledger = close_ledger(1.010, 0.012, None, {"upstream": 0.9, "total": 1.0})
    assert ledger == pytest.approx({"sender": 0.010, "upstream": 0.9, "application": 0.1, "network": 0.0})


@given(requests())
def test_the_wire_costs_a_microsecond_an_entry(request: Request) -> None:
    """A ledger that went through the header is the same within the header's digits."""
    seconds, behind, connect, server = request
    sent = parse_server_timing(format_server_timing(server))
    assert close_ledger(seconds, behind, connect, sent) == pytest.approx(close_ledger(*request), abs=1e-5)
