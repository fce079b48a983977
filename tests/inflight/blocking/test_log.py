"""The log's lines about a blocked event loop."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable

import pytest

from inflight.blocking.blame import Holder
from inflight.blocking.log import SETTLED, SILENCE, STUCK, BlockedLog, Entry, sentence
from inflight.blocking.place import Place
from inflight.blocking.watchdog import LOCK
from tests.eventually import eventually

PLACE = Place("own.py", 11, "render_pdf", "time.sleep")
HOLDER = Holder(PLACE, "GET", "/results/{team}")


@pytest.fixture
def waited() -> Counter[Place]:
    """How many requests have waited for each place."""
    return Counter()


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """What was logged."""
    caplog.set_level(logging.WARNING, "inflight")
    return lambda: [record.getMessage() for record in caplog.records]


def test_one_line_when_the_block_is_over(waited: Counter[Place], said: Callable[[], list[str]]) -> None:
    """A block is logged when it is over and its victims are known: how long, where, for which route."""
    lines = BlockedLog(waited)
    lines.note(HOLDER, [(10.0, 10.8)], 0.8, 0.8)
    lines.note(HOLDER, [(10.8, 10.9)], 0.1, 0.9)
    lines.sweep(10.9 + SETTLED / 2, None)
    lines.sweep(10.9 + 2 * SETTLED, PLACE)  # by the next request, perhaps, at the same line
    waited[PLACE] += 16
    lines.sweep(10.9 + 2 * SETTLED, None)
    place = "own.py:11 in render_pdf (time.sleep), GET /results/{team}"
    eventually(said, [f"event loop blocked for 0.9 s at {place}; 16 requests waited"])


def test_one_line_a_minute(waited: Counter[Place], said: Callable[[], list[str]]) -> None:
    """A place is logged once in a minute."""
    lines = BlockedLog(waited)
    for begun in (0.0, 2.0, SILENCE + 3):
        lines.note(HOLDER, [(begun, begun + 1)], 1.0, 1.0)
        lines.sweep(begun + 1 + 2 * SETTLED, None)
    eventually(lambda: len(said()), 2)


def test_block_without_an_end_is_logged(waited: Counter[Place], said: Callable[[], list[str]]) -> None:
    """A block that does not end is logged as what it is so far, with what was seen of it last."""
    lines = BlockedLog(waited)
    lines.note(HOLDER, [(0.0, STUCK)], STUCK, STUCK)
    lines.sweep(STUCK + 2 * SETTLED, PLACE)
    eventually(lambda: [text.split(" at ")[0] for text in said()], ["event loop blocked for 2.0 s so far"])


def test_what_kept_the_interpreters_lock_has_no_line() -> None:
    """It is not known, and whose it was neither: the line says what can have been."""
    entry = Entry(LOCK, 0.0, 0.5, 0.5, 0.5, 0)
    text = "event loop blocked for 0.5 s by C code or another thread that kept the interpreter lock; 1 request waited"
    assert sentence(entry, 1, over=True) == text


def test_pieces_are_called_pieces(waited: Counter[Place], said: Callable[[], list[str]]) -> None:
    """Many short pieces are not told as one long block."""
    lines = BlockedLog(waited)
    lines.note(HOLDER, [(0.0, 0.02), (0.05, 0.07)], 0.4, 0.02)
    lines.sweep(0.07 + 2 * SETTLED, None)
    eventually(lambda: [" in pieces of up to 0.02 s, at own.py:11 " in text for text in said()], [True])
    going_on = sentence(Entry(HOLDER, 0.0, STUCK, 1.0, 0.02, 0), 0, over=False)
    assert going_on.startswith("event loop blocked for 1.0 s so far, in pieces of up to 0.02 s, at own.py:11 ")
