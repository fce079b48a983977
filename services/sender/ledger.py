"""The sender's ledger: the client's own time and the server's `Server-Timing`, brought together so that they add up."""

from __future__ import annotations

from collections.abc import Mapping

from services.sender.record import ENTRIES
from services.telemetry.ledger import QUEUES

SERVER_ENTRIES = (*QUEUES, "upstream")
GRAIN = 0.02
"""Seconds. What a server says of more than the client's own time and this is not about the same request."""


def close_ledger(seconds: float, behind: float, connect: float | None, server: Mapping[str, float]) -> dict[str, float]:
    """Return the entries of a request that took `seconds`; they add up to it.

    `connect` went into connecting; `behind` is how late the sender itself was. `server` is a parsed `Server-Timing`.
    Without a `total` in it, or with one that cannot be true, nothing is known of the server's part and the ledger is
    empty. The kernel counts its wait in steps of about 4 ms: what it counted too much is taken back from it.
    """
    total = server.get("total")
    rest = seconds - (connect or 0.0)
    known = {name: server[name] for name in SERVER_ENTRIES if name in server}
    if total is None or max(total, sum(known.values())) > rest + GRAIN:
        return {}
    entries = dict(known) if connect is None else {"connect": connect, **known}
    entries["application"] = max(0.0, total - sum(known.values()))
    entries["sender"] = max(0.0, min(behind, rest - total))
    entries["network"] = max(0.0, rest - total - entries["sender"])
    return _fitted(entries, seconds)


def _fitted(entries: dict[str, float], seconds: float) -> dict[str, float]:
    """Take from the coarsest entries what is over `seconds`: the kernel's first, then the largest ones'."""
    excess = sum(entries.values()) - seconds
    for name in ("kernel", *sorted(entries, key=lambda name: -entries[name])):
        taken = min(max(excess, 0.0), entries.get(name, 0.0))
        if taken:
            entries[name] -= taken
            excess -= taken
    return {name: entries[name] for name in ENTRIES if name in entries}
