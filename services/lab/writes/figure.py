"""The figure of the writes: how many increments arrived, and how long they took."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go  # type: ignore[import-untyped]

from services.lab.looks import LOOKS
from services.lab.writes.trial import WAYS, Trial

HEIGHT = 360


def bars(trials: Sequence[Trial], *, seconds: bool) -> Any:
    """Return a bar for each trial, grouped by how it wrote and in how many processes: arrived, or seconds."""
    figure = go.Figure()
    for mode, look in LOOKS.items():
        found = sorted(
            (each for each in trials if each.mode == mode), key=lambda each: (WAYS.index(each.way), each.processes)
        )
        if not found:
            continue
        figure.add_trace(
            go.Bar(
                name=mode,
                x=[[each.way for each in found], [f"{each.processes} proc." for each in found]],
                y=[round(each.seconds, 3) if seconds else each.arrived for each in found],
                texttemplate="%{y:.1f}" if seconds else "%{y}",
                textposition="outside",
                marker={
                    "color": look.colour,
                    "pattern": {"shape": look.hatch, "fgcolor": "#fff", "bgcolor": look.colour, "solidity": 0.2},
                },
                hovertemplate=f"{mode}, %{{x}}: %{{y}}<extra></extra>",
            )
        )
    if not seconds and trials:
        figure.add_hline(y=trials[0].sent, line={"dash": "dot", "width": 1, "color": "#888"})
    figure.update_yaxes(title="seconds, logarithmic" if seconds else "increments that arrived", fixedrange=True)
    if seconds:
        figure.update_yaxes(type="log", dtick=1)
    figure.update_xaxes(fixedrange=True)
    figure.update_layout(
        template="none",
        barmode="group",
        height=HEIGHT,
        margin={"l": 56, "r": 8, "t": 24, "b": 90},
        legend={"orientation": "h", "y": -0.22, "yanchor": "top", "x": 0},
    )
    return figure
