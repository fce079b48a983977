"""A request as a bar: where it starts, how long it is, and where its time went."""

from __future__ import annotations

from dataclasses import dataclass

from inflight.send.outcome import OK
from inflight.send.record import ENTRIES, Record, kernel_known

UNEXPLAINED = "unexplained"
"""The part of a bar of which no entry says where it went."""

_FIRST = ("sender", "connect", "network")
UNMEASURED = (*_FIRST, *(entry for entry in ENTRIES if entry not in {*_FIRST, "kernel"}))
"""The order where the kernel's queue is not known: a wait in it is a part of `network`, and comes before the rest."""

GRAIN = 1e-6
"""Seconds. A shorter remainder is the floating point's own, not unexplained time."""

MOST = 200
"""Bars in one timeline, rows in one target's table."""

SLOWEST = FAILED = 50
"""How many of a picked selection are the slowest requests, and at most how many others that failed."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a bar: an entry's name, and its start and length in seconds."""

    entry: str
    start: float
    seconds: float


def segments(record: Record, start: float = 0.0) -> list[Segment]:
    """Return the request's `seconds` cut up, in the order in which a request lives its entries, from `start` on.

    The parts follow one another without a gap and together are exactly as long as the request: what the ledger has
    too much is cut off at the end, what it lacks is a last part `unexplained`. Parts of no length are left out.
    """
    parts = []
    left = max(0.0, record.seconds)
    ledger = record.ledger or {"sender": record.behind}  # that much is known where nothing was tried
    for entry in ENTRIES if kernel_known(record) else UNMEASURED:
        seconds = min(max(0.0, ledger.get(entry, 0.0)), left)
        if seconds > 0:
            parts.append(Segment(entry, start, seconds))
            start += seconds
            left -= seconds
    if left > GRAIN:
        parts.append(Segment(UNEXPLAINED, start, left))
    return parts


def unexplained(record: Record) -> float:
    """Return the seconds of which no entry says where they went."""
    return sum(part.seconds for part in segments(record) if part.entry == UNEXPLAINED)


def first_due(records: list[Record]) -> float:
    """Return when the first request was due, in seconds: where a target's time axis begins."""
    return min((record.due for record in records), default=0.0)


def pick(records: list[Record], most: int = MOST, slowest: int = SLOWEST, failed: int = FAILED) -> list[Record]:
    """Return at most `most` of the records, as they were due: the slowest, some that failed, others evenly picked."""
    ordered = sorted(records, key=lambda record: record.due)
    if len(ordered) <= most:
        return ordered
    by_time = sorted(range(len(ordered)), key=lambda number: -ordered[number].seconds)
    chosen, others = set(by_time[:slowest]), sorted(by_time[slowest:])
    chosen.update(_evenly([number for number in others if ordered[number].outcome != OK], failed))
    chosen.update(_evenly([number for number in others if number not in chosen], most - len(chosen)))
    return [ordered[number] for number in sorted(chosen)]


def _evenly(numbers: list[int], most: int) -> list[int]:
    """Return at most `most` of the numbers, evenly picked."""
    if len(numbers) <= most:
        return numbers
    return [numbers[place * len(numbers) // most] for place in range(most)]
