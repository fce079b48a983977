"""Reading a frame's variables changes nothing that the program can see."""

from __future__ import annotations

import inspect
import weakref
from typing import Any

from inflight.blocking.frames import locals_of


def seen_from_outside() -> dict[str, Any]:
    """Return the caller's variables as the watchdog gets them."""
    frame = inspect.currentframe()
    assert frame is not None
    assert frame.f_back is not None
    return locals_of(frame.f_back)


def test_what_a_program_has_of_its_own_variables_is_left_to_it() -> None:
    """Before Python 3.13 `locals()` is the very dictionary that a frame's reader gets."""

    def handler() -> object:
        price = 42
        mine = locals()
        assert seen_from_outside()["price"] == price
        return mine.get("price")

    assert handler() == 42


def test_a_frame_keeps_nothing_alive_for_its_reader() -> None:
    """Nor is what the reader got more than its own."""

    class Thing: ...

    def handler() -> object:
        thing = Thing()
        seen = weakref.ref(thing)
        assert seen_from_outside()["thing"] is thing
        del thing
        return seen()

    assert handler() is None
