"""What became of one request, as the client saw it."""

from __future__ import annotations

from dataclasses import dataclass, field

ENTRIES = ("sender", "connect", "kernel", "loop", "thread", "pool", "upstream", "application", "network")
"""A ledger's entries, in the order in which a request lives them; together they are the request's whole time.

`sender` and `connect` are the client's own. `kernel` to `upstream` come from `Server-Timing`; `application` is the rest
of the server's total, and `network` the rest of the client's time: the way there and back, and both ends' writing.
"""


@dataclass(frozen=True, slots=True)
class Record:
    """One request. Times are seconds; `due`, `sent`, `answered` and `finished` count from the start of the run.

    `sent` is when the request's last byte was written (of one that never was, the end), `answered` when its answer's
    first bytes were read. `seconds` is from when the request was due until its end, so a sender that falls behind can
    hide no wait.
    `behind` is how far behind the sender itself was with it: later than due, or not yet on with what had come. In the
    ledger it is `sender`.
    `outcome` is `ok`, or the kind of failure (`outcome.py`). `ledger` holds the entries that are known; what the
    server did not say is absent. `error` is what the client library said where no whole answer came.
    """

    task: str
    due: float
    sent: float
    finished: float
    seconds: float
    outcome: str
    status: int | None = None
    answered: float | None = None
    ledger: dict[str, float] = field(default_factory=dict)
    behind: float = 0.0
    error: str = ""


def kernel_known(record: Record) -> bool:
    """Return whether the record says how long it lay unread: a service that cannot ask the kernel says `loop` only.

    Where it is not known, that wait is a part of `network`.
    """
    return "kernel" in record.ledger or "loop" not in record.ledger
