"""Reading a frame's variables changes nothing that the program can see."""

from __future__ import annotations

import sys
import weakref

from inflight.blocking.frames import locals_of


def test_what_a_program_has_of_its_own_variables_is_left_to_it() -> None:
    """Before Python 3.13 `locals()` is the very dictionary that a frame's reader gets."""

    def handler() -> object:
        price = 42
        mine = locals()
        assert locals_of(sys._getframe())["price"] == price
        return mine.get("price")

    assert handler() == 42


def test_a_frame_keeps_nothing_alive_for_its_reader() -> None:
    """Nor is what the reader got more than its own."""

    class Thing: ...

    def handler() -> object:
        thing = Thing()
        seen = weakref.ref(thing)
        assert locals_of(sys._getframe())["thing"] is thing
        del thing
        return seen()

    assert handler() is None
