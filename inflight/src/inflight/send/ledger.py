"""The client's ledger: its own times and the server's `Server-Timing`, brought together so that they add up."""

from __future__ import annotations

from collections.abc import Mapping

from inflight.ledger import ENTRIES as SERVER_ENTRIES
from inflight.send.record import ENTRIES, FIRST_BYTE

GRAIN = 0.02
"""Seconds. What a server says of more than the client's own time and this is not about the same request."""


def close_ledger(
    seconds: float, behind: float, connect: float | None, body: float | None, server: Mapping[str, float]
) -> dict[str, float]:
    """Return the entries of a request that took `seconds`; they add up to it.

    `behind` is how late the sender itself was. `connect` and `body` are None for what did not begin. `server` is a
    parsed `Server-Timing`. Without a `total` in it, or with one that is alone (others send that, too, and it begins
    with their handler) or cannot be true, the server's part is `first byte`.
    The kernel counts in steps of about 4 ms: what it counted too much is taken back.
    """
    own = {name: value for name, value in (("connect", connect), ("body", body)) if value is not None}
    rest = seconds - sum(own.values())
    known = {name: server[name] for name in SERVER_ENTRIES if name in server}
    total = server.get("total")
    if total is None or not known or max(total, sum(known.values())) > rest + GRAIN:
        return _fitted({**own, "sender": behind, FIRST_BYTE: max(0.0, rest - behind)}, seconds)
    late = max(0.0, min(behind, rest - total))
    application = max(0.0, total - sum(known.values()))
    network = max(0.0, rest - total - late)
    return _fitted({**own, **known, "sender": late, "application": application, "network": network}, seconds)


def _fitted(entries: dict[str, float], seconds: float) -> dict[str, float]:
    """Take from the coarsest entries what is over `seconds`: the kernel's first, then the largest ones'."""
    excess = sum(entries.values()) - seconds
    for name in ("kernel", *sorted(entries, key=lambda name: -entries[name])):
        taken = min(max(excess, 0.0), entries.get(name, 0.0))
        if taken:
            entries[name] -= taken
            excess -= taken
    return {name: entries[name] for name in ENTRIES if name in entries}
