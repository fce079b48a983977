"""A burst: so many requests at once to one gateway, spread over its processes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from inflight.send.outcome import CANCELLED, OK
from inflight.send.record import Record
from inflight.send.schedule import at_once
from inflight.send.sender import Sender, Target
from inflight.terminal.errors import CommandError
from inflight.terminal.urls import without_userinfo


async def send_burst(
    targets: Sequence[Target], tasks: int, within: float, on_record: Callable[[Record], None] | None = None
) -> list[Record]:
    """Send the burst and return its records when all have ended. Raises CancelledError when it was stopped.

    Each target gets its share. `within` is seconds for each whole response. The sender keeps its records when the user
    stops it; an experiment ends there.
    """
    shares = [tasks // len(targets) + (place < tasks % len(targets)) for place in range(len(targets))]
    bursts = (
        Sender(target, within, on_record=on_record).send(at_once(share))
        for target, share in zip(targets, shares, strict=True)
    )
    records = [record for burst in await asyncio.gather(*bursts) for record in burst]
    if any(record.outcome == CANCELLED for record in records):
        raise asyncio.CancelledError
    return records


def silent(url: str, what: str, error: Exception) -> CommandError:
    """Return what to raise where `url` does not respond as what it should be."""
    return CommandError(f"{without_userinfo(url)} does not respond as {what}: {' '.join(str(error).split())}")


def makespan(records: Sequence[Record]) -> float:
    """Return the seconds from when the burst was due until its last request ended."""
    return max(record.finished for record in records) - min(record.due for record in records)


def failures(records: Sequence[Record]) -> str:
    """Return how many requests failed and how the first ones did; "" where none did."""
    failed = [f"{record.task}: {record.outcome}" for record in records if record.outcome != OK]
    return f"{len(failed)} of {len(records)} requests failed ({', '.join(failed[:3])})" if failed else ""
