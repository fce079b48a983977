"""In flight and waiting over time at one target, as its admin port reported during the run."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go  # type: ignore[import-untyped]
from plotly.subplots import make_subplots  # type: ignore[import-untyped]

from inflight.ledger import QUEUES
from inflight.loop import INTERVAL
from inflight.report.palette import LOOKS
from inflight.report.run import Sample, TargetRun
from inflight.report.scale import Scale
from inflight.report.words import duration

MOST = 600
"""Readings in one picture; of more, each point is the busiest of its neighbours."""

TITLES = ("<b>In flight</b>", "<b>Waiting</b>, by queue")

TICKS = 5
"""Ticks on a count axis at most; a shorter axis has one per request, and none between two."""

HEIGHT = 300
"""Pixels of both rows together."""


def waiting(target: TargetRun, scale: Scale) -> Any:
    """Return two rows over one time axis: in flight; waiting, stacked by queue. A trace's `meta` is what it draws."""
    samples = thinned(target.samples)
    at = [round(sample.at, 3) for sample in samples]
    figure = make_subplots(rows=2, shared_xaxes=True, vertical_spacing=0.14, subplot_titles=TITLES)
    figure.add_trace(_in_flight(at, samples), row=1, col=1)
    for queue in QUEUES:
        if any(queue in sample.waiting for sample in samples):
            figure.add_trace(_queue(queue, at, samples), row=2, col=1)
    figure.update_xaxes(range=[0, scale.run], ticksuffix=" s", nticks=6, fixedrange=True)
    figure.update_yaxes(range=[0, scale.requests * 1.08], tickformat=",d", ticklabelstandoff=4, fixedrange=True)
    figure.update_yaxes({"dtick": 1} if scale.requests <= TICKS else {"nticks": TICKS})
    figure.update_layout(
        template="none",
        height=HEIGHT,
        margin={"l": 36, "r": 12, "t": 26, "b": 28},
        showlegend=False,
        hovermode="x unified",
    )
    figure.update_annotations(x=0, xanchor="left", font={"size": 13})
    return figure


def thinned(samples: list[Sample], most: int = MOST) -> list[Sample]:
    """Return at most `most` samples, evenly over the run, each the one with the most requests among its neighbours."""
    size = -(-len(samples) // most) or 1
    groups = (samples[first : first + size] for first in range(0, len(samples), size))
    return [max(group, key=lambda sample: sample.in_flight + sum(sample.waiting.values())) for group in groups]


def peaks(samples: list[Sample]) -> str:
    """Return the picture's figures in sentences: the most in flight, the most waiting, the longest stall."""
    in_flight = max(sample.in_flight for sample in samples)
    waiting = max(sum(sample.waiting.values()) for sample in samples)
    tops = {queue: max(sample.waiting.get(queue, 0) for sample in samples) for queue in QUEUES}
    where = ", ".join(f"{queue} up to {top:,}" for queue, top in tops.items() if top)
    waited = f"at most {waiting:,} waiting ({where})" if where else "none waiting"
    if not any("kernel" in sample.waiting for sample in samples):
        waited += " as far as is known (the kernel's queue was not measured)"
    return f"At most {in_flight:,} in flight, {waited}.{_stalls(samples)}"


def _stalls(samples: list[Sample]) -> str:
    """Return for how long the event loop stood still; nothing where none was watched."""
    stalls = [sample.stalled for sample in samples if sample.stalled is not None]
    if not stalls:
        return ""
    # What is read is the time since the last beat: up to a whole interval while nothing stands still.
    still = max(stalls) - INTERVAL
    stood = f"stood still for up to {duration(still)} at a time" if still > 0 else "did not stand still"
    return f" The event loop {stood}."


def _in_flight(at: list[float], samples: list[Sample]) -> Any:
    return go.Scatter(
        meta="in flight",
        name="in flight",
        x=at,
        y=[sample.in_flight for sample in samples],
        mode="lines",
        line={"shape": "hv", "width": 2},
        fill="tozeroy",
        fillcolor="rgba(128,128,128,.25)",
        hovertemplate="%{y} in flight<extra></extra>",
    )


def _queue(queue: str, at: list[float], samples: list[Sample]) -> Any:
    look = LOOKS[queue]
    return go.Scatter(
        meta=queue,
        name=queue,
        x=at,
        y=[sample.waiting.get(queue, 0) for sample in samples],
        mode="lines",
        stackgroup="waiting",
        line={"shape": "hv", "width": 0},
        fillcolor=look.colour,
        fillpattern={"shape": look.shape, "fgcolor": look.lines, "bgcolor": look.colour, "size": 8, "solidity": 0.2},
        hovertemplate=f"%{{y}} waiting: {queue}<extra></extra>",
    )
