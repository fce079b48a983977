"""What the lab claims of each gateway, held against what was seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil, inf

from inflight.ledger import QUEUES
from inflight.report.blocked import holders
from inflight.report.run import Sample, Verdict
from inflight.send.outcome import OK
from inflight.send.record import Record, kernel_known

POOL_THREADS = 40
"""anyio's default limiter, in which FastAPI runs plain `def` handlers."""
GRAIN = 0.001
"""Seconds by which uvloop's timers, which count whole milliseconds, may be early."""
TIME_SLACK = 0.15
"""Seconds by which a task may miss the time that is claimed of it; a little more for each task of a large burst."""
WAIT_SLACK = 0.1
SLACK_PER_TASK = 0.02

Judgement = tuple[str, list[str]]
"""What happened, in a sentence, and what of it was not as claimed."""


SHOULD = {
    "sync": "It should have served the tasks one after another, with never more than 1 in flight",
    "threadpool": f"It should have served the tasks side by side, up to {POOL_THREADS} of them, a thread for each",
    "async": "It should have served the tasks side by side on one thread",
}


def judge(mode: str, delay: float, records: Sequence[Record], samples: Sequence[Sample]) -> Verdict:
    """Return whether a burst of tasks behaved as the lab claims of the gateway's `mode`, in a sentence with figures."""
    failed = [f"{record.task}: {record.outcome}" for record in records if record.outcome != OK]
    if failed:
        return Verdict(ok=False, sentence=f"{len(failed)} of {len(records)} tasks failed ({', '.join(failed[:3])}).")
    sentence, misses = _CLAIMS[mode](delay, sorted(records, key=lambda record: record.finished), samples)
    if not misses:
        return Verdict(ok=True, sentence=sentence)
    hint = _longer_delay(mode, delay, len(records)) or _busy_machine(records)
    return Verdict(ok=False, sentence=f"{SHOULD[mode]}, but {misses[0]}.{hint}")


def _sync(delay: float, records: Sequence[Record], samples: Sequence[Sample]) -> Judgement:
    last, tasks = records[-1], len(records)
    slack, wait_slack = _slack("sync", delay, tasks, TIME_SLACK), _slack("sync", delay, tasks, WAIT_SLACK)
    measured = any("kernel" in record.ledger for record in records)
    misses = []
    for place, record in enumerate(records, 1):
        misses += _took(record, place * delay, slack) + _waited_in(record, ("thread", "pool"), 0.0, WAIT_SLACK)
        if measured:
            misses += _waited_in(record, ("kernel", "loop"), (place - 1) * delay, wait_slack)
    most = max((sample.in_flight for sample in samples), default=0)
    if most != 1:
        misses.append(f"the most that the in-flight gauge read was {most}")
    where = (
        f"of which it waited {_waited(last, 'kernel', 'loop'):.2f} s in the kernel's and the event loop's queue"
        if measured
        else "and where it waited cannot be measured on this system"
    )
    sentence = f"It served the tasks one after another: the last took {last.seconds:.2f} s, {where}. "
    held = "".join(f" {where} held its event loop for {seconds:.1f} s." for where, seconds in holders(samples)[:1])
    return f"{sentence}The in-flight gauge never read more than {most}.{held}", misses


def _threadpool(delay: float, records: Sequence[Record], _samples: Sequence[Sample]) -> Judgement:
    last, tasks = records[-1], len(records)
    slack = _slack("threadpool", delay, tasks, TIME_SLACK)
    misses = []
    for place, record in enumerate(records, 1):
        misses += _took(record, _waves(place) * delay, slack) + _waited_in(record, ("pool",), 0.0, WAIT_SLACK)
        misses += _waited_in(record, ("thread",), (_waves(place) - 1) * delay, slack)
    if tasks <= POOL_THREADS:
        tale = f"one of its {POOL_THREADS} threads for each, and the last took {last.seconds:.2f} s."
    else:
        tale = (
            f"{POOL_THREADS} at a time, a thread for each: the last took {last.seconds:.2f} s, of which it waited "
            f"{_waited(last, 'thread'):.2f} s for a thread."
        )
    return f"It served the tasks side by side, {tale}", misses


def _async(delay: float, records: Sequence[Record], _samples: Sequence[Sample]) -> Judgement:
    slack = _slack("async", delay, len(records), TIME_SLACK)
    misses = []
    for record in records:
        misses += _took(record, delay, slack) + _waited_in(record, ("thread", "pool"), 0.0, WAIT_SLACK)
    waited = max(_waited(record, *QUEUES) for record in records)
    sentence = (
        f"It served the tasks side by side on one thread: the last took {records[-1].seconds:.2f} s, "
        f"and no task waited longer than {waited * 1000:.0f} ms in any queue."
    )
    return sentence, misses


_CLAIMS: dict[str, Callable[[float, Sequence[Record], Sequence[Sample]], Judgement]] = {
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
    return min(_wanted_slack(tasks, least), _half_way(mode, tasks) * delay)


def _wanted_slack(tasks: int, least: float) -> float:
    return least + SLACK_PER_TASK * max(0, tasks - 2)


def _half_way(mode: str, tasks: int) -> float:
    """Return half of what lies between this gateway's last task and the nearest other's, in delays."""
    delays = {"sync": tasks, "threadpool": _waves(tasks), "async": 1}
    return min((abs(count - delays[mode]) / 2 for count in delays.values() if count != delays[mode]), default=inf)


def _longer_delay(mode: str, delay: float, tasks: int) -> str:
    """Return which delay would leave so many tasks the time that they take by themselves; "" if this one does."""
    wanted = ceil(_wanted_slack(tasks, TIME_SLACK) / _half_way(mode, tasks))
    if wanted <= delay:
        return ""
    return f" {tasks} tasks take their own time to be sent and served, much beside {delay:g} s: try --delay {wanted}."


def _busy_machine(records: Sequence[Record]) -> str:
    """Return what points to a busy machine, and not to a gateway that does not do what is claimed."""
    elsewhere = max(
        _waited(record, "sender", "connect", *(["network"] if kernel_known(record) else [])) for record in records
    )
    if elsewhere <= TIME_SLACK:
        return ""
    return f" Up to {elsewhere:.2f} s passed on the sender's side of the wire: is the machine busy? Then try again."


def _waited(record: Record, *queues: str) -> float:
    return sum(record.ledger.get(queue, 0.0) for queue in queues)


def _took(record: Record, claimed: float, slack: float) -> list[str]:
    """Return what is wrong with the task's time: a busy machine makes it late, nothing makes it early."""
    if -min(slack, TIME_SLACK) <= record.seconds - claimed <= slack:
        return []
    return [f"{record.task} took {record.seconds:.2f} s where {claimed:.2f} s was claimed"]


def _waited_in(record: Record, queues: Sequence[str], claimed: float, slack: float) -> list[str]:
    """Return what is wrong with the task's wait in these queues."""
    waited = _waited(record, *queues)
    if abs(waited - claimed) <= slack:
        return []
    return [f"{record.task} waited {waited:.2f} s in {' and '.join(queues)} where {claimed:.2f} s was claimed"]
