"""The share of the machine that others took."""

from __future__ import annotations

import pytest

from bench import others
from bench.others import Others, busy_and_total

STAT = "cpu  {user} 0 50 {idle} 100 0 0 25 999 999\ncpu0 1 2 3 4 5 6 7 8 9 10\n"


def test_busy_is_all_but_idle_and_waiting() -> None:
    """Theft counts as busy, and guests, who are in the user's time already, are not counted twice."""
    assert busy_and_total(STAT.format(user=200, idle=800)) == (275, 1175)


def test_what_the_run_itself_used_is_not_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 10 s of two processors 12 were busy, 8 of them ours: 4 of 20 went to others."""
    readings = iter([(100.0, 1000.0), (112.0, 1020.0)])
    used = iter([5.0, 13.0])
    monkeypatch.setattr(others, "_machine", lambda: next(readings))
    monkeypatch.setattr(others, "_ours", lambda: next(used))
    assert Others().share() == pytest.approx(0.2)


def test_the_share_of_this_machine_is_a_part() -> None:
    """Whatever runs here."""
    assert 0.0 <= Others().share() <= 1.0
