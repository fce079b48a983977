"""The timeline of one target: a lane with a bar per task, each split by where its time went."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import Any

import plotly.graph_objects as go  # type: ignore[import-untyped]

from inflight.ledger import QUEUES
from inflight.report.bars import GRAIN, Segment, first_due, pick, segments
from inflight.report.palette import LOOKS
from inflight.report.run import TargetRun
from inflight.report.scale import LABEL, Scale
from inflight.report.words import duration, end, failed
from inflight.send.record import Record

TALLEST_ROW, THINNEST_ROW, LANES = 30, 4, 640
"""Pixels: a row has its share of the lanes' height, within these bounds, so that 200 rows still fit on a page."""

TEXT_ROW = 14
"""Pixels that a line of text needs."""

ABOVE, BELOW = 6, 28
"""Pixels above the lanes, for a label that is taller than its row, and below them, for the time axis."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A request, the row in which it stands, and the parts of its bar."""

    row: int
    record: Record
    parts: list[Segment]


def bars(target: TargetRun, scale: Scale) -> list[Bar]:
    """Return the bars of the requests that the picture shows, in the order in which they were due."""
    first = first_due(target.requests)
    return [
        Bar(row, record, segments(record, 0.0 if scale.aligned else record.due - first))
        for row, record in enumerate(pick(target.requests))
    ]


def timeline(target: TargetRun, scale: Scale) -> Any:
    """Return the target's timeline as a plotly figure; a trace's `meta` is the entry that it draws."""
    lanes = bars(target, scale)
    height = row_height(len(lanes))
    labelled = labelled_rows(lanes, height)
    traces = [trace for entry in LOOKS if (trace := _entry(entry, lanes, height))]
    figure = go.Figure([*traces, _ends([lanes[row] for row in labelled])])
    figure.update_layout(
        template="none",
        barmode="overlay",
        height=max(1, len(lanes)) * height + ABOVE + BELOW,
        margin={"l": scale.left, "r": scale.right, "t": ABOVE, "b": BELOW},
        showlegend=False,
        uniformtext={"minsize": 11, "mode": "hide"},
        # plotly leaves out a label that lies a rounding beyond the axis
        xaxis={"range": [0, scale.bars + GRAIN], "ticksuffix": " s", "zeroline": True, "nticks": 12},
        yaxis={
            "range": [max(1, len(lanes)) - 0.5, -0.5],
            "tickvals": labelled,
            "ticktext": [escape(_short(lanes[row].record.task), quote=False) for row in labelled],
            "ticklabelstandoff": 5,
            "fixedrange": True,
            "showgrid": False,
            "zeroline": False,
        },
    )
    return figure


def row_height(rows: int) -> int:
    """Return the pixels that each of so many rows gets: lanes for a few, a skyline for hundreds."""
    return max(THINNEST_ROW, min(TALLEST_ROW, LANES // max(1, rows)))


def labelled_rows(lanes: list[Bar], height: int) -> list[int]:
    """Return the rows whose labels have room: failures first, then as many others as fit."""
    apart = -(-TEXT_ROW // height)
    taken: set[int] = set()
    for bar in sorted(lanes, key=lambda bar: not failed(bar.record)):
        if taken.isdisjoint(range(bar.row - apart + 1, bar.row + apart)):
            taken.add(bar.row)
    return sorted(taken)


def _entry(entry: str, lanes: list[Bar], height: int) -> Any:
    """Return the trace of one entry over all lanes; None where no request spent time there."""
    parts = [(bar, part) for bar in lanes for part in bar.parts if part.entry == entry]
    if not parts:
        return None
    look = LOOKS[entry]
    return go.Bar(
        name=entry,
        meta=entry,
        orientation="h",
        width=0.76 if height >= TEXT_ROW else 1,
        y=[bar.row for bar, _ in parts],
        base=[_round(part.start) for _, part in parts],
        x=[_round(part.seconds) for _, part in parts],
        text=[duration(part.seconds) for _, part in parts],
        texttemplate=f"{entry} %{{text}}",
        textposition="inside" if height >= TEXT_ROW else "none",
        insidetextanchor="middle",
        textangle=0,
        customdata=[_told(bar.record) for bar, _ in parts],
        hovertemplate=f"<b>%{{customdata}}</b><br>{_kind(entry)}: <b>%{{text}}</b><br>{look.meaning}<extra></extra>",
        marker={
            "color": look.colour,
            "line": {"width": 1 if height >= TEXT_ROW else 0},
            "pattern": {
                "shape": look.shape,
                "fgcolor": look.lines,
                "bgcolor": look.colour,
                "size": look.size,
                "solidity": 0.2,
            },
        },
    )


def _ends(lanes: list[Bar]) -> Any:
    return go.Scatter(
        meta="ends",
        mode="text",
        x=[_round(bar.parts[-1].start + bar.parts[-1].seconds) if bar.parts else 0 for bar in lanes],
        y=[bar.row for bar in lanes],
        text=[" " + escape(end(bar.record), quote=False) for bar in lanes],
        textposition="middle right",
        textfont={"weight": ["bold" if failed(bar.record) else "normal" for bar in lanes]},
        cliponaxis=False,
        hoverinfo="skip",
    )


def _told(record: Record) -> str:
    """Return the task's full name, when it was due and what became of it, for the hover text."""
    due = f", due at {duration(record.due)}" if record.due else ""
    return escape(f"{record.task}{due}: {end(record)}", quote=False)


def _kind(entry: str) -> str:
    return f"{entry} queue" if entry in QUEUES else entry


def _short(name: str) -> str:
    return name if len(name) <= LABEL else name[: LABEL - 1] + "…"


def _round(seconds: float) -> float:
    return round(seconds, 6)
