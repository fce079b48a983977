"""The arithmetic of a request's bar, and which requests are shown."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inflight.report.bars import FAILED, GRAIN, MOST, SLOWEST, UNEXPLAINED, UNMEASURED, first_due, pick, segments
from inflight.send.record import ENTRIES, Record
from tests.inflight.report.runs import lost, request

BUSY_MACHINE = settings(deadline=None)
SECONDS = st.floats(0, 1e4, allow_nan=False)


def bar(seconds: float, **ledger: float) -> Record:
    return Record("task1", 0.0, 0.0, seconds, seconds, "ok", 200, seconds, ledger)


@BUSY_MACHINE
@given(SECONDS, st.dictionaries(st.sampled_from(ENTRIES), st.floats(-1, 1e4)), SECONDS)
def test_parts_add_up(seconds: float, ledger: dict[str, float], start: float) -> None:
    """Whatever a ledger says, a bar's parts follow one another without a gap and are as long as the request."""
    parts = segments(bar(seconds, **ledger), start)
    assert sum(part.seconds for part in parts) == pytest.approx(seconds, abs=2 * GRAIN)
    assert all(part.seconds > 0 for part in parts)
    assert [part.start for part in parts[:1]] == [start] * len(parts[:1])
    assert all(after.start == pytest.approx(part.start + part.seconds) for part, after in pairwise(parts))


def test_what_the_sender_was_late_with_is_known_even_without_a_ledger() -> None:
    """The rest is unexplained."""
    parts = segments(replace(bar(2.0), behind=0.5))
    assert [(part.entry, part.seconds) for part in parts] == [("sender", 0.5), (UNEXPLAINED, 1.5)]


@BUSY_MACHINE
@given(st.dictionaries(st.sampled_from(ENTRIES), st.floats(0.001, 100)))
def test_parts_in_the_order_of_life(ledger: dict[str, float]) -> None:
    """A ledger that adds up is drawn whole, in the order in which a request lives it, and nothing else is."""
    parts = segments(bar(sum(ledger.values()), **ledger))
    order = UNMEASURED if "application" in ledger and "kernel" not in ledger else ENTRIES
    assert [part.entry for part in parts] == [entry for entry in order if entry in ledger]
    assert [part.seconds for part in parts] == [pytest.approx(ledger[part.entry]) for part in parts]


def test_a_wait_in_an_unmeasured_kernel_comes_before_the_work() -> None:
    """It is a part of network there: drawn last, it would make a queue look like two served side by side."""
    parts = segments(bar(5.0, loop=0.5, upstream=1.5, application=1.0, network=2.0))
    starts = [("network", 0.0), ("loop", 2.0), ("upstream", 2.5), ("application", 4.0)]
    assert [(part.entry, part.start) for part in parts] == starts


def test_no_ledger() -> None:
    """A request of which nothing is known is one unexplained part."""
    assert [(part.entry, part.start, part.seconds) for part in segments(lost("task1", 5.0), 1.0)] == [
        (UNEXPLAINED, 1.0, 5.0)
    ]


def test_part_of_a_ledger() -> None:
    """What a ledger leaves open is unexplained, and comes last."""
    assert [(part.entry, part.seconds) for part in segments(bar(3.0, kernel=1.0, upstream=1.5))] == [
        ("kernel", 1.0),
        ("upstream", 1.5),
        (UNEXPLAINED, 0.5),
    ]


def test_too_much_ledger() -> None:
    """What a ledger has beyond the request's own time is cut off at the end."""
    assert [(part.entry, part.seconds) for part in segments(bar(3.0, kernel=2.0, upstream=2.0, network=1.0))] == [
        ("kernel", 2.0),
        ("upstream", 1.0),
    ]


def test_first_due() -> None:
    """A gateway's time axis begins with its first request, and somewhere when there is none."""
    assert first_due([request("b", 5.0, upstream=1), request("a", 4.0, upstream=1)]) == 4.0
    assert first_due([]) == 0.0


def test_few_are_all_shown() -> None:
    """As many as fit are shown, in the order in which they were due."""
    records = [request(f"task{n}", due=MOST - n, upstream=1) for n in range(MOST)]
    assert pick(records) == records[::-1]


def test_of_many_some_that_failed_are_shown() -> None:
    """Quick ones among thousands too; of very many some, from the whole run."""
    records = [request(f"task{n}", due=n, upstream=1.0) for n in range(10_000)]
    records[123], records[9_876] = lost("a", 0.001, "refused"), lost("b", 0.001, "refused")
    assert {"a", "b"} <= {record.task for record in pick(records)}
    shown = pick([request(f"task{n}", due=n, upstream=1.0, outcome="reset" if n % 2 else "ok") for n in range(10_000)])
    assert len(shown) == MOST
    assert sum(record.outcome == "reset" for record in shown) >= FAILED


@BUSY_MACHINE
@given(st.integers(MOST + 1, 3000), st.integers())
def test_of_many_the_slowest_and_an_even_choice(many: int, seed: int) -> None:
    """Of too many exactly as many as fit are shown: the slowest, and others from the whole run, in their order."""
    times = Random(seed)
    records = [request(f"task{n}", due=n, upstream=times.random()) for n in range(many)]
    shown = pick(records)
    assert len(shown) == MOST == len({record.task for record in shown})
    assert [record.due for record in shown] == sorted(record.due for record in shown)
    slowest = sorted(records, key=lambda record: -record.seconds)[:SLOWEST]
    assert {record.task for record in slowest} <= {record.task for record in shown}
    widest = max(after.due - record.due for record, after in pairwise(shown))
    assert widest <= many / (MOST - SLOWEST) + SLOWEST + 1
