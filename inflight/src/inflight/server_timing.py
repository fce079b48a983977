"""The `Server-Timing` header: a ledger on the wire (W3C Server Timing, https://www.w3.org/TR/server-timing/)."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

_QUOTED = r'"(?:\\.|[^"\\])*"'
_METRICS = re.compile(rf'(?:{_QUOTED}|[^,"]|")+')
_PARTS = re.compile(rf'(?:{_QUOTED}|[^;"]|")+')
"""What a header's value, and a metric of it, falls into; separators inside quotes are text (RFC 9110, 5.6.4)."""


def format_server_timing(entries: Mapping[str, float]) -> str:
    """Return the header's value for `entries` in seconds; the header counts milliseconds."""
    return ", ".join([f"{name};dur={seconds * 1000:.3f}" for name, seconds in entries.items()])


def parse_server_timing(value: str) -> dict[str, float]:
    """Return the durations of a header's value, in seconds, by name; what is not a finite duration is passed over."""
    entries: dict[str, float] = {}
    for metric in _METRICS.findall(value):
        name, *parameters = [part.strip() for part in _PARTS.findall(metric)] or [""]
        for parameter in parameters:
            key, _, text = parameter.partition("=")
            duration = _milliseconds(text) if key.strip().lower() == "dur" else None
            if name and duration is not None:
                entries[name] = duration / 1000
    return entries


def _milliseconds(text: str) -> float | None:
    try:
        number = float(text.strip().strip('"').replace("_", "?"))  # Python's own digits may hold underscores
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None
