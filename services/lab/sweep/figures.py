"""The figures of a sweep: makespan against size, and where the mean request's time went."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go  # type: ignore[import-untyped]

from inflight.report.palette import LOOKS as ENTRY_LOOKS
from services.lab.looks import LOOKS
from services.lab.sweep.model import Setup, predicted
from services.lab.sweep.point import Series

HEIGHT, STACK_HEIGHT = 420, 340


def makespans(series: Sequence[Series], setup: Setup, *, logarithmic: bool) -> Any:
    """Return the measured points and the predicted lines; where there are several processes, one's too, thin."""
    figure = go.Figure()
    for each in series:
        if setup.replicas > 1:
            alone = Setup(setup.delay, setup.limit)
            figure.add_trace(_line(each, alone, "one process, predicted", 1, logarithmic=logarithmic))
        figure.add_trace(_line(each, setup, "predicted", 2, logarithmic=logarithmic))
        figure.add_trace(_points(each))
    kind = "log" if logarithmic else "linear"
    figure.update_xaxes(type=kind, title="tasks at once", fixedrange=True)
    figure.update_yaxes(type=kind, title="seconds until the last response", fixedrange=True)
    if not logarithmic:
        figure.update_xaxes(rangemode="tozero")
        figure.update_yaxes(range=[0, _highest(series)])
    figure.update_layout(
        template="none",
        height=HEIGHT,
        margin={"l": 60, "r": 12, "t": 12, "b": 96},
        legend={"orientation": "h", "y": -0.2, "yanchor": "top", "x": 0},
    )
    return figure


def stack(series: Series) -> Any:
    """Return the mean request's ledger against the size of the burst, stacked."""
    sizes = [f"{point.tasks}" for point in series.points]
    ledgers = [point.ledger() for point in series.points]
    figure = go.Figure()
    for entry, look in ENTRY_LOOKS.items():
        if not any(entry in ledger for ledger in ledgers):
            continue
        pattern = {
            "shape": look.shape,
            "fgcolor": look.lines,
            "bgcolor": look.colour,
            "size": look.size,
            "solidity": 0.2,
        }
        figure.add_trace(
            go.Bar(
                name=entry,
                x=sizes,
                y=[round(ledger.get(entry, 0.0), 6) for ledger in ledgers],
                marker={"color": look.colour, "pattern": pattern},
                hovertemplate=f"{entry}: %{{y:.3f}} s<extra>%{{x}} tasks</extra>",
            )
        )
    figure.update_xaxes(type="category", title="tasks at once", fixedrange=True)
    figure.update_yaxes(title="seconds, on average", fixedrange=True)
    figure.update_layout(
        template="none",
        barmode="stack",
        height=STACK_HEIGHT,
        showlegend=False,
        margin={"l": 60, "r": 8, "t": 8, "b": 44},
    )
    return figure


def _line(series: Series, setup: Setup, name: str, thickness: int, *, logarithmic: bool) -> Any:
    look, largest = LOOKS[series.mode], series.points[-1].tasks
    sizes = list(range(1, largest + 1))
    return go.Scatter(
        name=f"{series.mode}, {name}",
        x=sizes,
        y=[round(predicted(series.mode, tasks, setup, series.cost * tasks), 4) for tasks in sizes],
        mode="lines",
        line={
            "color": look.colour,
            "dash": look.dash,
            "width": thickness,
            "shape": "linear" if logarithmic else "hv",
        },
        hovertemplate="%{x} tasks: %{y:.2f} s predicted<extra></extra>",
    )


def _points(series: Series) -> Any:
    look = LOOKS[series.mode]
    found = [(point.tasks, each.seconds) for point in series.points for each in point.tries]
    return go.Scatter(
        name=f"{series.mode}, measured",
        x=[tasks for tasks, _ in found],
        y=[round(seconds, 4) for _, seconds in found],
        mode="markers",
        marker={"color": look.colour, "symbol": look.mark, "size": 8, "line": {"width": 1, "color": "#fff"}},
        hovertemplate="%{x} tasks: %{y:.3f} s measured<extra></extra>",
    )


def _highest(series: Sequence[Series]) -> float:
    """Return the end of the linear axis: what is not the sync-gateway's is to be seen, and that goes on upwards."""
    others = [each for each in series if each.mode != "sync"] or series
    return 1.6 * max(each.seconds for one in others for point in one.points for each in point.tries)
