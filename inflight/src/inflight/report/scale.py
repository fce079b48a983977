"""The scales that all pictures of a run share, so that what differs between targets is plain to see."""

from __future__ import annotations

from dataclasses import dataclass

from inflight.report.bars import first_due, pick
from inflight.report.run import Run
from inflight.report.words import end

LABEL = 24
"""Characters of a task's name that stand beside its bar; the hover text has all of it."""

CHARACTER = 7.5
"""Pixels that a character of a label takes, on average."""


TOO_SHORT = 20
"""Sent over this many times as long as the longest request took, requests have bars too short to see."""


@dataclass(frozen=True, slots=True)
class Scale:
    """The time axes in seconds, the count axis in requests, and the pixels left and right of the bars.

    `aligned` timelines begin each bar at 0: a long run of short requests shows nothing otherwise. Their `bars` axis
    is then as long as the longest request; `run` is always as long as the run.
    """

    aligned: bool
    bars: float
    run: float
    requests: int
    left: float
    right: float


def scale_of(run: Run) -> Scale:
    """Return the scales in which every target of the run fits."""
    spread, longest, seconds, requests, names, ends = 0.0, 0.0, [0.0], [1], [4], [8]
    for target in run.targets:
        start = first_due(target.requests)
        for record in pick(target.requests):
            spread = max(spread, record.due - start)
            longest = max(longest, record.seconds)
            seconds.append(record.due - start + record.seconds)
            names.append(min(LABEL, len(record.task)))
            ends.append(len(end(record)))
        for sample in target.samples:
            seconds.append(sample.at)
            requests.append(max(sample.in_flight, sum(sample.waiting.values())))
    aligned = spread > TOO_SHORT * longest
    return Scale(
        aligned=aligned,
        bars=(longest if aligned else max(seconds)) or 1.0,
        run=max(seconds) or 1.0,
        requests=max(requests),
        left=max(names) * CHARACTER + 16,
        right=max(ends) * CHARACTER + 12,
    )
