"""Records as a burst could have left them."""

from __future__ import annotations

from inflight.send.record import Record


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
        first_byte=seconds,
        ledger={"application": 0.0, **ledger, "upstream": rest},
    )
