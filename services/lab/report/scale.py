"""The scales that all pictures of a run share, so that what differs between gateways is plain to see."""

from __future__ import annotations

from dataclasses import dataclass

from services.lab.report.bars import first_due, pick
from services.lab.report.words import end
from services.lab.run import Run

LABEL = 24
"""Characters of a task's name that stand beside its bar; the hover text has all of it."""

CHARACTER = 7.5
"""Pixels that a character of a label takes, on average."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Seconds on the time axis, requests on the count axis, and the pixels left and right of the bars."""

    seconds: float
    requests: int
    left: float
    right: float


def scale_of(run: Run) -> Scale:
    """Return the scales in which every gateway of the run fits."""
    seconds, requests, names, ends = [0.0], [1], [4], [8]
    for gateway in run.gateways:
        start = first_due(gateway.requests)
        for record in pick(gateway.requests):
            seconds.append(record.due - start + record.seconds)
            names.append(min(LABEL, len(record.task)))
            ends.append(len(end(record)))
        for sample in gateway.samples:
            seconds.append(sample.at)
            requests.append(max(sample.in_flight, sum(sample.waiting.values())))
    return Scale(max(seconds), max(requests), max(names) * CHARACTER + 16, max(ends) * CHARACTER + 12)
