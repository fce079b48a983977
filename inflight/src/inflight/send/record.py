"""What became of one request, as the client saw it."""

from __future__ import annotations

from dataclasses import dataclass, field

from inflight.ledger import ENTRIES as SERVER_ENTRIES

FIRST_BYTE = "first byte"
ENTRIES = ("sender", "connect", *SERVER_ENTRIES, "application", FIRST_BYTE, "body", "network")
"""A ledger's entries, in the order in which a request lives them; together they are the request's whole time.

`sender` and `connect` are the client's own, `body` is from the response's first byte to its last. What lies between is
the server's `Server-Timing`, which leaves with the response headers: its entries, `application` for the rest of its
total, and `network` for the rest of the client's time, the way there and back. Of a server that sends none it is all
`first byte`.
"""


@dataclass(frozen=True, slots=True)
class Record:
    """One request. Times are seconds; `due`, `sent`, `first_byte` and `finished` count from the start of the run.

    `sent` is when the request's last byte was written (of one that never was, the end), `first_byte` when the response
    headers arrived. `seconds` is from when the request was due until its end, so a sender that falls behind can hide
    no wait.
    `behind` is the sender's own part of that: it wrote the request later than it was due, or read the response later
    than it was there. In the ledger it is `sender`.
    `connect_retries` is how often TCP tried again to open the request's connection; None on one that was open already,
    and where the system does not say.
    `resent` is how many segments TCP has sent again on it since, until the response began; None likewise.
    `outcome` is `ok`, or the kind of failure (`outcome.py`). `ledger` holds the entries that are known. `error` is the
    client library's message where no whole response came. `waited_for` is the line of the server's code that held its
    event loop while the request waited in `kernel` and `loop`, where the server says so.
    """

    task: str
    due: float
    sent: float
    finished: float
    seconds: float
    outcome: str
    status: int | None = None
    first_byte: float | None = None
    ledger: dict[str, float] = field(default_factory=dict)
    behind: float = 0.0
    connect_retries: int | None = None
    resent: int | None = None
    error: str = ""
    waited_for: str | None = None


def told_by_server(record: Record) -> bool:
    """Return whether the ledger has the server's own entries."""
    return "application" in record.ledger


def kernel_known(record: Record) -> bool:
    """Return whether the record says how long it lay unread, as far as its server says anything.

    Where a server does not, that wait is a part of `network`.
    """
    return "kernel" in record.ledger or not told_by_server(record)
