"""What the lab claims, held against made-up records: the judge says no when it is not so."""

from __future__ import annotations

import pytest

from inflight.send.record import Record
from services.lab.verdict import POOL_THREADS, judge
from tests.inflight.report.runs import sample
from tests.inflight.send.records import record

ONE_BY_ONE = [record("task1", 2.01), record("task2", 4.02, kernel=1.5, loop=0.5)]
SIDE_BY_SIDE = [record("task1", 2.01), record("task2", 2.02)]


def test_sync_as_claimed() -> None:
    """One after another, the wait in the kernel's and the loop's queue, one in flight."""
    verdict = judge("sync", 2.0, ONE_BY_ONE, [sample(0), sample(1)])
    assert verdict.ok
    assert "4.02 s" in verdict.sentence
    assert "2.00 s" in verdict.sentence
    assert "never read more than 1." in verdict.sentence


def test_sync_names_the_line() -> None:
    """The verdict names the line that held the event loop, and for how long."""
    before, after = sample(1), sample(1).model_copy(update={"blocked": {"services/gateway/sync.py:26 relay": 3.94}})
    said = judge("sync", 2.0, ONE_BY_ONE, [before, after]).sentence
    assert said.endswith(" services/gateway/sync.py:26 relay held its event loop for 3.9 s.")


@pytest.mark.parametrize(
    ("records", "in_flight"),
    [
        (SIDE_BY_SIDE, 1),
        (ONE_BY_ONE, 2),
        ([record("task1", 2.01), record("task2", 4.02, thread=2.0)], 1),
        ([record("task1", 2.01), record("task2", 4.02, kernel=1.7)], 1),
        ([record("task1", 2.3), record("task2", 4.02, kernel=2.0)], 1),
        ([record("task1", 2.01), record("task2", 6.0, kernel=2.0)], 1),
        ([record("task1", 2.01, kernel=0.5), record("task2", 4.02, kernel=2.0)], 1),
    ],
    ids=["overlap", "two in flight", "wrong queue", "waited less", "first late", "last late", "first waited"],
)
def test_sync_not_as_claimed(records: list[Record], in_flight: int) -> None:
    """Anything else that a sync-gateway does is not what the lab claims."""
    assert not judge("sync", 2.0, records, [sample(in_flight)]).ok


@pytest.mark.parametrize("mode", ["async", "threadpool"])
def test_side_by_side_as_claimed(mode: str) -> None:
    """Two tasks that take one delay each."""
    verdict = judge(mode, 2.0, SIDE_BY_SIDE, [sample(2)])
    assert verdict.ok
    assert "2.02 s" in verdict.sentence


@pytest.mark.parametrize("mode", ["async", "threadpool"])
@pytest.mark.parametrize("records", [ONE_BY_ONE, [record("task1", 2.0), record("task2", 2.3)], [record("task1", 0.1)]])
def test_side_by_side_not_as_claimed(mode: str, records: list[Record]) -> None:
    """One after another, late, or too quick to have asked the backend."""
    assert not judge(mode, 2.0, records, []).ok


@pytest.mark.parametrize(("mode", "delay", "tasks"), [("async", 0.2, 5), ("threadpool", 0.2, 5), ("async", 2.0, 95)])
def test_nothing_makes_a_burst_early(mode: str, delay: float, tasks: int) -> None:
    """Its slack is for a machine that is late with it: answers at once did not ask the backend."""
    assert not judge(mode, delay, burst(tasks, 0.001), []).ok


def test_a_wait_for_a_connection_is_no_wait_for_a_thread() -> None:
    """As with UPSTREAM_LIMIT below 40: so many are served at a time, and that is not what is claimed."""
    waves = [record(f"task{n}", 2.0 * (1 + n // 40), thread=2.0 * (n // 40)) for n in range(300)]
    limited = [*waves[:-1], record("last", 16.0, thread=14.0, pool=1.0)]
    assert judge("threadpool", 2.0, waves, []).ok
    verdict = judge("threadpool", 2.0, limited, [])
    assert verdict.sentence.endswith("but last waited 1.00 s in pool where 0.00 s was claimed.")


def test_what_was_not_as_claimed_is_named() -> None:
    """What should have been, and the first that was not; never the claim as if it held."""
    assert judge("sync", 2.0, SIDE_BY_SIDE, [sample(2)]).sentence == (
        "It should have served the tasks one after another, with never more than 1 in flight, "
        "but task2 took 2.02 s where 4.00 s was claimed."
    )
    assert judge("sync", 2.0, ONE_BY_ONE, [sample(2)]).sentence.endswith(
        "but the most that the in-flight gauge read was 2."
    )
    assert judge("async", 2.0, ONE_BY_ONE, []).sentence == (
        "It should have served the tasks side by side on one thread, but task2 took 4.02 s where 2.00 s was claimed."
    )


def burst(tasks: int, seconds: float, **ledger: float) -> list[Record]:
    """Return records of tasks that all took the same."""
    return [record(f"task{number}", seconds, "ok", **ledger) for number in range(tasks)]


def test_a_large_burst_cannot_be_as_another_gateway_is_claimed_to_be() -> None:
    """It has more slack than a small one, but not so much that it could be another mode's."""
    assert judge("async", 0.5, burst(500, 2.3), []).ok  # as it was measured
    assert not judge("async", 0.5, burst(500, 6.5), []).ok  # as a pool's 13th wave
    assert not judge("async", 0.5, burst(500, 1.0, thread=0.5), []).ok
    waves = [record(f"task{n}", 0.5 * (1 + n // 40), thread=0.5 * (n // 40)) for n in range(300)]
    assert judge("threadpool", 0.5, waves, []).ok
    assert not judge("async", 0.5, waves, []).ok
    assert not judge("threadpool", 0.5, burst(300, 0.5), []).ok
    assert not judge("threadpool", 0.5, [record(each.task, each.seconds) for each in waves], []).ok  # waited elsewhere
    one_by_one = [record(f"task{n}", 0.2 * (n + 1), kernel=0.2 * n) for n in range(40)]
    assert judge("sync", 0.2, one_by_one, [sample(1)]).ok
    assert not judge("sync", 0.2, one_by_one, []).ok  # nobody looked
    assert not judge("async", 0.2, one_by_one, []).ok


def test_where_the_kernel_cannot_be_asked_the_times_decide() -> None:
    """Elsewhere than on Linux no response says how long its request lay unread."""
    unmeasured = [record("task1", 2.01), record("task2", 4.02, network=2.0)]
    verdict = judge("sync", 2.0, unmeasured, [sample(1)])
    assert verdict.ok
    assert "cannot be measured on this system" in verdict.sentence
    assert not judge("sync", 2.0, SIDE_BY_SIDE, [sample(1)]).ok


def test_a_busy_machine_is_named() -> None:
    """What passed at the sender was no gateway's doing; the verdict stays what it is."""
    late = judge("async", 2.0, [record("task1", 2.01), record("task2", 3.1, kernel=0.0, loop=0.0, network=1.0)], [])
    assert not late.ok
    assert late.sentence.endswith(
        "Up to 1.00 s passed on the sender's side of the wire: is the machine busy? Then try again."
    )
    assert "busy" not in judge("async", 2.0, ONE_BY_ONE, []).sentence
    unmeasured = [record("task1", 2.01, loop=0.0), record("task2", 4.02, loop=0.0, network=2.0)]
    assert "busy" not in judge("sync", 2.0, unmeasured, [sample(2)]).sentence  # it lay in the gateway's socket


def test_a_delay_that_is_short_beside_the_burst_is_named() -> None:
    """With the one that would leave the burst its time; then that is no excuse any more."""
    late = [*burst(40, 0.2), record("task41", 0.5)]
    assert judge("async", 0.2, late, []).sentence.endswith("much beside 0.2 s: try --delay 2.")
    later = [*burst(40, 2.0), record("task41", 3.5)]
    assert not judge("async", 2.0, later, []).ok
    assert "--delay" not in judge("async", 2.0, later, []).sentence
    assert judge("async", 2.0, [*burst(40, 2.0), record("task41", 2.9)], []).ok


def test_the_pool_is_a_queue_behind_its_last_thread() -> None:
    """With more tasks than threads, the rest takes two delays and waits for a thread; less would not be as claimed."""
    first = [record(f"task{number}", 1.0) for number in range(POOL_THREADS)]
    verdict = judge("threadpool", 1.0, [*first, record("last", 2.05, thread=1.0)], [])
    assert verdict.ok
    assert "1.00 s for a thread" in verdict.sentence
    assert not judge("threadpool", 0.1, [*first, record("last", 2.05, thread=1.0)], []).ok
    assert not judge("threadpool", 3.0, [*first, record("last", 2.05, thread=1.0)], []).ok


@pytest.mark.parametrize("mode", ["sync", "async", "threadpool"])
def test_a_task_that_failed_is_never_as_claimed(mode: str) -> None:
    """The verdict names the first tasks that failed, and how."""
    verdict = judge(mode, 2.0, [*ONE_BY_ONE, *[record(f"x{n}", 2.0, "reset") for n in range(5)]], [])
    assert not verdict.ok
    assert verdict.sentence == "5 of 7 tasks failed (x0: reset, x1: reset, x2: reset)."
