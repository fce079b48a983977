"""Whom a request has waited for."""

from __future__ import annotations

import sys

import pytest

from inflight.blocking.blame import Holder
from inflight.blocking.place import Place
from inflight.ledger import Ledger
from inflight.telemetry import Telemetry

PLACES = [Place("fastapi/encoders.py", line, "jsonable_encoder", None) for line in (129, 259, 317)]


@pytest.mark.parametrize(("method", "route", "blamed"), [("GET", "/list", PLACES[1]), (None, "background", None)])
def test_a_route_at_several_places_is_one(method: str | None, route: str, blamed: Place | None) -> None:
    """No line held the loop for half of the wait, but one route did; what is of no request need not be one task."""
    telemetry = Telemetry()
    for place, begin, end in zip(PLACES, (0.0, 0.3, 0.7), (0.3, 0.7, 1.0), strict=True):
        telemetry.blame.charge(Holder(place, method, route), [(begin, end)], end - begin)
    ledger = Ledger(telemetry, {}, 1.0)
    ledger.kernel = 1.0
    telemetry.blame.victim(ledger)
    assert ledger.waited_for == blamed


NOBODYS = Place("own.py", 7, "refresh", "time.sleep")


@pytest.mark.parametrize(
    ("place", "method", "route", "blamed"),
    [
        (PLACES[0], "GET", "/list", PLACES[0]),
        (NOBODYS, None, "startup", NOBODYS),
        (NOBODYS, None, "background", NOBODYS if sys.version_info >= (3, 12) else None),
        (NOBODYS, None, "callback", None),
        (Place("", 0, "interpreter lock", None), None, "background", None),
    ],
)
def test_a_request_is_not_its_own_victim(place: Place, method: str | None, route: str, blamed: Place | None) -> None:
    """It was in flight, and what held the loop may have been its own, where nobody knows whose that was."""
    telemetry = Telemetry()
    telemetry.blame.charge(Holder(place, method, route), [(1.0, 2.0)], 1.0)
    telemetry.blame.resuming = 1.0, 2.0
    ledger = Ledger(telemetry, {}, 0.9)
    telemetry.blame.held_up(ledger)
    assert ledger.waited_for == blamed
