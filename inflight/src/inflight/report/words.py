"""Times, counts and outcomes in words that are read at a glance."""

from __future__ import annotations

from collections import Counter
from statistics import median

from inflight.report.bars import FAILED, MOST, SLOWEST
from inflight.send.outcome import CANCELLED, OK, WAITED_FOR
from inflight.send.record import Record

MANY = 10
"""From more requests than this a summary says more than the list of them."""


def duration(seconds: float) -> str:
    """Return a time with its unit, to the millisecond or finer."""
    if round(seconds, 3) >= 1:
        return f"{seconds:.2f} s" if seconds >= 10 else f"{seconds:.3f} s"
    milliseconds = seconds * 1000
    if round(milliseconds, 1) >= 10:
        return f"{milliseconds:.0f} ms"
    if 0 < milliseconds < 0.1:
        return "< 0.1 ms"
    return f"{milliseconds:.1f} ms" if milliseconds else "0 ms"


def count(number: int, noun: str) -> str:
    """Return a number with its noun, in the plural where that is right."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def failed(record: Record) -> bool:
    """Return whether the request did not go well."""
    return record.outcome != OK


def outcome(record: Record) -> str:
    """Return what became of a request in words."""
    text = record.outcome.replace("_", " ")
    return f"✗ {text}" if failed(record) else text


def end(record: Record) -> str:
    """Return what stands at the end of a request's bar: its time, and a failure in words."""
    took = duration(record.seconds)
    return f"{outcome(record)} {record.status or ''}".rstrip() + f", {took}" if failed(record) else took


def summary(records: list[Record]) -> str | None:
    """Return what many requests had in common; None where they are few enough to be read one by one."""
    failures = Counter(record.outcome.replace("_", " ") for record in records if failed(record))
    if len(records) <= MANY and not failures:
        return None
    parts = []
    if times := [record.seconds for record in records if record.outcome in WAITED_FOR]:
        parts.append(f"half took at most {duration(median(times))}, the slowest {duration(max(times))}")
    stopped = failures.pop(CANCELLED, 0)
    kinds = ", ".join(f"{number:,} {kind}" for kind, number in failures.most_common())
    parts.append(f"{failures.total():,} failed ({kinds})" if failures else "none failed")
    if stopped:
        parts.append(f"{stopped:,} had no response yet when the sending was stopped")
    return f"{count(len(records), 'request')}: {'; '.join(parts)}."


def selection(records: list[Record]) -> str | None:
    """Return a sentence on what `pick` chose; None where it shows everything."""
    if len(records) <= MOST:
        return None
    return (
        f"Of {len(records):,} requests this shows {MOST}: the {SLOWEST} slowest, others that failed (up to {FAILED}), "
        "and the rest picked evenly over the run."
    )
