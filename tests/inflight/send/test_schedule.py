"""When requests are due."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inflight.send.schedule import at_once, open_loop


def test_all_at_once() -> None:
    """All are due at the start."""
    assert list(at_once(3)) == [0.0, 0.0, 0.0]


@given(st.floats(0.01, 100), st.floats(0.1, 30))
def test_an_open_loop_is_even(rate: float, duration: float) -> None:
    """As many as rate times duration, one after each 1/rate seconds, none after the end."""
    due = list(open_loop(rate, duration))
    assert len(due) == pytest.approx(rate * duration, abs=0.5)
    assert due == pytest.approx([number / rate for number in range(len(due))])
    assert all(seconds < duration + 0.5 / rate for seconds in due)
