"""Records as a burst could have left them."""

from __future__ import annotations

from services.lab.run import Sample
from services.sender.record import Record


def record(task: str, seconds: float, outcome: str = "ok", **ledger: float) -> Record:
    """Return a task's record; what the ledger leaves open is the upstream's."""
    rest = seconds - sum(ledger.values())
    return Record(
        task=task,
        due=0.0,
        sent=0.001,
        finished=seconds,
        seconds=seconds,
        outcome=outcome,
        status=200 if outcome == "ok" else None,
        answered=seconds,
        ledger={**ledger, "upstream": rest},
    )


def sample(in_flight: int, at: float = 0.0) -> Sample:
    """Return a scrape that saw so many requests in flight."""
    return Sample(at=at, in_flight=in_flight, stalled=0.0, waiting={"kernel": 1})
