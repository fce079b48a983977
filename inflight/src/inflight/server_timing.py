"""The `Server-Timing` header: a ledger on the wire (W3C Server Timing, https://www.w3.org/TR/server-timing/)."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from inflight.ledger import Ledger

_QUOTED = r'"(?:\\.|[^"\\])*"'
_METRICS = re.compile(rf'(?:{_QUOTED}|[^,"]|")+')
_PARTS = re.compile(rf'(?:{_QUOTED}|[^;"]|")+')
"""What a header's value, and a metric of it, falls into; separators inside quotes are text (RFC 9110, 5.6.4)."""
_UNQUOTED = re.compile(r"[^ !#-\[\]-~]")
"""What a quoted string does not hold as it is."""
WAITS = ("kernel", "loop")
"""The entries that are waits for whatever held the event loop."""
_WAITS = re.compile(rf"\b({'|'.join(WAITS)})(?=;dur=(?!0\.000))")
_TOTAL = re.compile(r"\btotal(?=;dur=)")

USUAL = b"kernel;dur=%.3f, loop;dur=%.3f, total;dur=%.3f"
"""The value for a request that has met no other queue and no upstream: in one go it takes half the time."""


def format_server_timing(entries: Mapping[str, float]) -> str:
    """Return the header's value for `entries` in seconds; the header counts milliseconds."""
    return ", ".join([f"{name};dur={seconds * 1000:.3f}" for name, seconds in entries.items()])


def ledger_header(ledger: Ledger, now: float) -> bytes:
    """Return the header's value for a ledger at `now`, with the line that it waited for where clients may know it."""
    if ledger.spent or ledger.kernel is None or ledger.loop is None:
        value = format_server_timing(ledger.entries(now)).encode()
    else:
        value = USUAL % (ledger.kernel * 1000, ledger.loop * 1000, ledger.total(now) * 1000)
    if ledger.waited_for is not None and ledger.telemetry.names_lines:
        began_late = (ledger.kernel or 0.0) + (ledger.loop or 0.0) > ledger.telemetry.blame.after
        value = described(value.decode(), ledger.waited_for.for_clients, began_late=began_late).encode()
    return value


def described(value: str, waited_for: str, *, began_late: bool) -> str:
    """Return a header's value in which the waits for the event loop are described by the line that held it.

    Where it did not begin late, the request waited after it had begun, and the total is described.
    """
    text = _UNQUOTED.sub("?", waited_for)
    entries = _WAITS if began_late else _TOTAL
    return entries.sub(lambda name: f'{name[0]};desc="{text}"', value)


def parse_server_timing(value: str) -> dict[str, float]:
    """Return the durations of a header's value, in seconds, by name; what is not a finite duration is passed over."""
    entries: dict[str, float] = {}
    for name, key, text in _parameters(value):
        duration = _milliseconds(text) if key == "dur" else None
        if duration is not None:
            entries[name] = duration / 1000
    return entries


def parse_waited_for(value: str) -> str | None:
    """Return the line that the server says the request waited for; None where it says nothing.

    Other servers have a `total`, too, and describe it as they like: it counts beside `kernel` or `loop` only.
    """
    parameters = list(_parameters(value))
    counted = {*WAITS, "total"} if any(name in WAITS for name, _, _ in parameters) else set()
    texts = (text for name, key, text in parameters if name in counted and key == "desc")
    return next((_UNQUOTED.sub("?", text.strip('"')) for text in texts), None)


def _parameters(value: str) -> Iterator[tuple[str, str, str]]:
    """Yield a metric's name, a parameter's name, and its value, for each parameter of each metric of the last ledger.

    A service that passes its upstream's headers on has the upstream's ledger before its own; each ends with its total.
    """
    metrics = [[part.strip() for part in _PARTS.findall(metric)] or [""] for metric in _METRICS.findall(value)]
    totals = [number for number, (name, *_) in enumerate(metrics) if name == "total"]
    for name, *parameters in metrics[totals[-2] + 1 :] if len(totals) > 1 else metrics:
        for parameter in parameters if name else ():
            key, _, text = parameter.partition("=")
            yield name, key.strip().lower(), text.strip()


def _milliseconds(text: str) -> float | None:
    try:
        number = float(text.strip().strip('"').replace("_", "?"))  # Python's own digits may hold underscores
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None
