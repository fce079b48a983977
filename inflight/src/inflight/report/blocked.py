"""Which lines of code held a target's event loop during a run, and for how long."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from inflight.report.run import Sample

LEAST = 0.05
"""Seconds that are worth a word."""


def holders(samples: Sequence[Sample]) -> list[tuple[str, float]]:
    """Return the places and the seconds from the first sample to the last, the worst first."""
    if not samples:
        return []
    before = samples[0].blocked
    grown = {where: seconds - before.get(where, 0.0) for where, seconds in samples[-1].blocked.items()}
    return sorted(((where, seconds) for where, seconds in grown.items() if seconds >= LEAST), key=lambda each: -each[1])


def blocked(samples: Sequence[Sample]) -> str:
    """Return the sentence below a target's bars, as HTML; nothing where no line was seen to hold the loop."""
    found = ", ".join(f"<code>{escape(where)}</code> for {seconds:.1f} s" for where, seconds in holders(samples))
    return f'<p class="blocked">The event loop was held by {found}.</p>' if found else ""
