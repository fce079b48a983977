"""Short blocking is added up until it is worth a name."""

from __future__ import annotations

import pytest

from inflight.blocking.blame import Holder
from inflight.blocking.place import Place
from inflight.blocking.tally import Tally

SLEEP = Holder(Place("own.py", 11, "render_pdf", "time.sleep"), "GET", "/results/{team}")

Charges = list[tuple[Holder, float]]


def tally() -> tuple[Tally, Charges]:
    """Return a tally with a threshold of 0.1 s, and what it charges."""
    charged: Charges = []
    return Tally(0.1, lambda holder, _spans, seconds: charged.append((holder, seconds))), charged


def test_pieces_add_up() -> None:
    """Pieces are charged together as soon as they come to the threshold."""
    adds, charged = tally()
    adds.sweep(0.0)
    for start in (0.1, 0.2, 0.3):
        adds.add(SLEEP, start, start + 0.04, 0.04)
    ((holder, seconds),) = charged
    assert holder == SLEEP
    assert seconds == pytest.approx(0.12)


def test_little_is_nobodys() -> None:
    """What does not come to the threshold within a second is forgotten."""
    adds, charged = tally()
    for start in (0.0, 1.5, 3.0):
        adds.sweep(start)
        adds.add(SLEEP, start, start + 0.09, 0.09)
    assert charged == []


def test_rest_of_a_block_is_charged() -> None:
    """What is left of a block when the second is over is charged, too, and what it goes on for in the next one."""
    adds, charged = tally()
    adds.sweep(0.0)
    adds.add(SLEEP, 0.5, 0.9, 0.4)
    adds.add(SLEEP, 0.9, 0.95, 0.05)
    adds.sweep(1.0)
    adds.add(SLEEP, 0.95, 1.02, 0.07)
    adds.sweep(2.0)
    adds.sweep(3.0)
    assert sum(seconds for _, seconds in charged) == pytest.approx(0.52)


def test_code_that_computes_has_one_line() -> None:
    """A function that runs itself is named by the line where it was seen most at first, and keeps that name."""
    adds, charged = tally()
    lines = (12, 13, 13, 13, 15, 15, 15)
    for start, line in enumerate(lines):
        place = Place("own.py", line, "count", None)
        adds.add(SLEEP._replace(place=place), float(start), start + 0.03, 0.03)
    adds.add(SLEEP._replace(place=Place("own.py", 15, "count", None)), 8.0, 8.1, 0.1)
    assert {holder.place.line for holder, _ in charged} == {13}
