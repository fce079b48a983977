"""The counters in memory."""

from __future__ import annotations

import pytest

from services.backend import counters
from services.backend.counters import LARGEST, ChangedError, Counter, Counters, NoRoomError, matches


def test_a_counter_that_was_never_written_is_0() -> None:
    """Reading it keeps nothing, and it can be written only if it is still so."""
    kept = Counters()
    never = kept.read("visits")
    assert never.value == 0
    assert kept.write("visits", 7, never.etag).value == 7
    with pytest.raises(ChangedError):
        kept.write("visits", 8, never.etag)
    assert kept.read("visits").value == 7


def test_the_same_value_again_is_another_version() -> None:
    """A writer who read it before has missed a write, whatever was written."""
    kept = Counters()
    first = kept.write("visits", 7)
    second = kept.write("visits", 7)
    assert first.value == second.value
    assert first.etag != second.etag
    with pytest.raises(ChangedError):
        kept.write("visits", 8, first.etag)


def test_a_tag_of_another_run_does_not_match() -> None:
    """After a restart the counter is 0 again, and not what its writer has read."""
    with pytest.raises(ChangedError):
        Counters().write("visits", 1, Counters().read("visits").etag)


def test_a_key_counts_once() -> None:
    """On its counter; the response is the first one's, whatever came between."""
    kept = Counters()
    first = kept.increment("visits", "a")
    kept.increment("visits")
    assert kept.increment("visits", "a") == first
    assert kept.increment("others", "a").value == 1
    assert kept.read("visits").value == 2


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """One counter too many is refused and those that are there go on; the oldest key is forgotten."""
    monkeypatch.setattr(counters, "MOST_COUNTERS", 2)
    monkeypatch.setattr(counters, "MOST_KEYS", 2)
    kept = Counters()
    for key in ("a", "b", "c"):
        kept.increment("visits", key)
    kept.increment("others")
    with pytest.raises(NoRoomError):
        kept.increment("third")
    assert kept.increment("visits", "c").value == 3
    assert kept.increment("visits", "a").value == 4


def test_a_counter_has_a_largest_value() -> None:
    """Beyond it a JSON parser may read another number; the increment that would pass it leaves no key behind."""
    kept = Counters()
    kept.write("visits", LARGEST)
    for _ in range(2):
        with pytest.raises(NoRoomError):
            kept.increment("visits", "a")
    assert kept.read("visits").value == LARGEST


@pytest.mark.parametrize(
    ("if_match", "holds"),
    [('"x-1"', True), ("*", True), ('"y", "x-1"', True), ('W/"x-1"', False), ('"x-2"', False), ("", False)],
)
def test_if_match(if_match: str, holds: bool) -> None:
    """The star, the tag itself, or a list with it; never a weak tag."""
    assert matches(if_match, Counter(1, '"x-1"').etag) is holds
