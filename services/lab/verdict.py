"""What the lab claims of each gateway, held against what was seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil

from services.lab.run import Sample, Verdict
from services.sender.outcome import OK
from services.sender.record import Record

POOL_THREADS = 40
"""anyio's default limiter, in which FastAPI runs plain `def` handlers."""
TIME_SLACK = 0.15
"""Seconds by which a task may miss the time that is claimed of it; a little more for each task of a large burst."""
WAIT_SLACK = 0.1
SLACK_PER_TASK = 0.02


def judge(mode: str, delay: float, records: Sequence[Record], samples: Sequence[Sample]) -> Verdict:
    """Return whether a burst of tasks behaved as the lab claims of the gateway's `mode`, in a sentence with figures."""
    failed = [f"{record.task}: {record.outcome}" for record in records if record.outcome != OK]
    if failed:
        return Verdict(ok=False, sentence=f"{len(failed)} of {len(records)} tasks failed ({', '.join(failed[:3])}).")
    verdict = _CLAIMS[mode](delay, sorted(records, key=lambda record: record.finished), samples)
    return verdict if verdict.ok else Verdict(ok=False, sentence=f"{verdict.sentence}{_excuse(records)}")


def _sync(delay: float, records: Sequence[Record], samples: Sequence[Sample]) -> Verdict:
    last, tasks = records[-1], len(records)
    slack, wait_slack = _slack("sync", delay, tasks, TIME_SLACK), _slack("sync", delay, tasks, WAIT_SLACK)
    measured = any("kernel" in record.ledger for record in records)
    ok = all(
        _near(record.seconds, place * delay, slack)
        and _waited(record, "thread", "pool") <= WAIT_SLACK
        and (not measured or _near(_waited(record, "kernel", "loop"), (place - 1) * delay, wait_slack))
        for place, record in enumerate(records, 1)
    )
    most = max((sample.in_flight for sample in samples), default=0)
    where = (
        f"of which it waited {_waited(last, 'kernel', 'loop'):.2f} s in the kernel's and the event loop's queue"
        if measured
        else "and where it waited cannot be measured on this system"
    )
    return Verdict(
        ok=ok and most == 1,
        sentence=(
            f"It served the tasks one after another: the last took {last.seconds:.2f} s, {where}. "
            f"The in-flight gauge never read more than {most}."
        ),
    )


def _threadpool(delay: float, records: Sequence[Record], _samples: Sequence[Sample]) -> Verdict:
    last, tasks = records[-1], len(records)
    slack = _slack("threadpool", delay, tasks, TIME_SLACK)
    ok = all(
        _near(record.seconds, _waves(place) * delay, slack)
        and _near(_waited(record, "thread"), (_waves(place) - 1) * delay, slack)
        for place, record in enumerate(records, 1)
    )
    if tasks <= POOL_THREADS:
        tale = f"one of its {POOL_THREADS} threads for each, and the last took {last.seconds:.2f} s."
    else:
        tale = (
            f"{POOL_THREADS} at a time, a thread for each: the last took {last.seconds:.2f} s, of which it waited "
            f"{_waited(last, 'thread'):.2f} s for a thread."
        )
    return Verdict(ok=ok, sentence=f"It served the tasks side by side, {tale}")


def _async(delay: float, records: Sequence[Record], _samples: Sequence[Sample]) -> Verdict:
    last = records[-1]
    waited = max(_waited(record, "kernel", "loop", "thread", "pool") for record in records)
    slack = _slack("async", delay, len(records), TIME_SLACK)
    ok = all(
        _near(record.seconds, delay, slack) and _waited(record, "thread", "pool") <= WAIT_SLACK for record in records
    )
    return Verdict(
        ok=ok,
        sentence=(
            f"It served the tasks side by side on one thread: the last took {last.seconds:.2f} s, "
            f"and no task waited longer than {waited * 1000:.0f} ms in any queue."
        ),
    )


_CLAIMS: dict[str, Callable[[float, Sequence[Record], Sequence[Sample]], Verdict]] = {
    "sync": _sync,
    "threadpool": _threadpool,
    "async": _async,
}


def _waves(place: int) -> int:
    """Return how many times the pool's threads have been busy when the task at this place is done."""
    return ceil(place / POOL_THREADS)


def _slack(mode: str, delay: float, tasks: int, least: float) -> float:
    """Return the seconds by which a task of the burst may miss what is claimed of it.

    More for a larger burst, which takes its time to be sent and served, but never so much that the last task could be
    another gateway's: at most half the way to that.
    """
    delays = {"sync": tasks, "threadpool": _waves(tasks), "async": 1}
    half_ways = [abs(count - delays[mode]) * delay / 2 for count in delays.values() if count != delays[mode]]
    return min([least + SLACK_PER_TASK * max(0, tasks - 2), *half_ways])


def _excuse(records: Sequence[Record]) -> str:
    """Return what speaks for a machine that was too busy, and not for a gateway that does not do what is claimed."""
    elsewhere = max(_waited(record, "connect", "network") for record in records)
    if elsewhere <= TIME_SLACK:
        return ""
    return f" Up to {elsewhere:.2f} s passed on the sender's side of the wire: is the machine busy? Then try again."


def _waited(record: Record, *queues: str) -> float:
    return sum(record.ledger.get(queue, 0.0) for queue in queues)


def _near(seconds: float, claimed: float, slack: float) -> bool:
    return abs(seconds - claimed) <= slack
