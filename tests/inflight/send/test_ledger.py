"""The client's ledger adds up."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inflight.ledger import ENTRIES as SERVER_ENTRIES
from inflight.send.ledger import GRAIN, close_ledger
from inflight.send.record import ENTRIES, FIRST_BYTE
from inflight.server_timing import format_server_timing, parse_server_timing

SECONDS = st.floats(0, 1000)
Request = tuple[float, float, float | None, float | None, dict[str, float]]
"""The arguments of `close_ledger`."""
HEADERS = st.dictionaries(st.sampled_from([*SERVER_ENTRIES, "total", "db"]), st.floats(0, 1e300) | SECONDS)


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """Draw a request as it could be: what was known of it at the server is part of what the client saw."""
    parts = {name: draw(SECONDS) for name in draw(st.sets(st.sampled_from(SERVER_ENTRIES), min_size=1))}
    total = sum(parts.values()) + draw(SECONDS)
    behind, connect, body = draw(SECONDS), draw(SECONDS | st.none()), draw(SECONDS | st.none())
    seconds = total + (connect or 0) + (body or 0) + behind + draw(SECONDS)
    return seconds, behind, connect, body, {**parts, "total": total}


@given(SECONDS, SECONDS, SECONDS | st.none(), SECONDS | st.none(), HEADERS)
def test_a_ledger_adds_up(
    seconds: float, behind: float, connect: float | None, body: float | None, server: dict[str, float]
) -> None:
    """Whatever a server sends: no entry is negative, and together they are the request's whole time."""
    ledger = close_ledger(seconds, behind, connect, body, server)
    assert sum(ledger.values()) == pytest.approx(seconds, abs=1e-9)
    assert min(ledger.values()) >= 0
    assert list(ledger) == [name for name in ENTRIES if name in ledger]


@given(requests())
def test_what_can_be_true_is_kept(request: Request) -> None:
    """A ledger that adds up at the server is kept entry by entry; the rest is the application's and the network's."""
    seconds, behind, connect, body, server = request
    ledger = close_ledger(*request)
    known = {name: value for name, value in server.items() if name != "total"}
    assert {name: ledger[name] for name in known} == pytest.approx(known, abs=1e-9)
    assert ledger["application"] == pytest.approx(server["total"] - sum(known.values()), abs=1e-9)
    assert ledger["sender"] == pytest.approx(behind, abs=1e-9)
    assert ledger.get("connect") == pytest.approx(connect, abs=1e-9)
    assert ledger.get("body") == pytest.approx(body, abs=1e-9)
    own = behind + (connect or 0) + (body or 0)
    assert ledger["network"] == pytest.approx(seconds - own - server["total"], abs=1e-9)
    assert FIRST_BYTE not in ledger


@pytest.mark.parametrize(
    "server",
    [
        {},
        {"db": 0.2, "upstream": 0.3},  # no total: another's header
        {"db": 0.2, "total": 0.3},  # another's, too: its handler's own
        {"loop": 0.0, "total": 0.6 + 2 * GRAIN},  # longer than the client waited for it
        {"total": 0.5, "upstream": 1e300},
        {"total": 0.5, "kernel": inf},
    ],
)
def test_of_a_server_that_tells_nothing_credible_the_client_tells_what_it_saw(server: dict[str, float]) -> None:
    """Nothing is made up for the server, and nothing of its time is called the network's."""
    ledger = close_ledger(1.0, 0.1, 0.2, 0.2, server)
    assert ledger == pytest.approx({"sender": 0.1, "connect": 0.2, FIRST_BYTE: 0.5, "body": 0.2})


def test_what_did_not_begin_is_absent() -> None:
    """A connection that was open already, and a body that never came."""
    assert close_ledger(1.0, 0.0, None, None, {}) == {"sender": 0.0, FIRST_BYTE: 1.0}


def test_the_kernels_grain_is_taken_back_from_it() -> None:
    """The kernel counts in steps: what it counted too much does not lengthen the request."""
    server = {"kernel": 0.008, "loop": 0.001, "upstream": 0.095, "total": 0.104}
    ledger = close_ledger(0.100, 0.0, None, None, server)
    rest = dict.fromkeys(("sender", "application", "network"), 0)
    assert ledger == pytest.approx({"kernel": 0.004, "loop": 0.001, "upstream": 0.095, **rest})


def test_the_sender_is_late_only_with_what_the_server_leaves() -> None:
    """Its reading of the kernel has the same grain: it cannot take what the server knows to have been its own."""
    ledger = close_ledger(1.010, 0.012, None, None, {"upstream": 0.9, "total": 1.0})
    assert ledger == pytest.approx({"sender": 0.010, "upstream": 0.9, "application": 0.1, "network": 0.0})


@given(requests())
def test_the_wire_costs_a_microsecond_an_entry(request: Request) -> None:
    """A ledger that went through the header is the same within the header's digits."""
    seconds, behind, connect, body, server = request
    sent = parse_server_timing(format_server_timing(server))
    assert close_ledger(seconds, behind, connect, body, sent) == pytest.approx(close_ledger(*request), abs=1e-5)
