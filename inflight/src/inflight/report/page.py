"""The page: everything brought together into one file that asks the network for nothing."""

from __future__ import annotations

import base64
import hashlib
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from plotly.offline import get_plotlyjs  # type: ignore[import-untyped]

from inflight.report.prose import WAITING, facts, lede, life, markup, notes, reading, stations
from inflight.report.run import Run, TargetRun
from inflight.report.scale import Scale, scale_of
from inflight.report.swatch import definitions
from inflight.report.table import table, verdict
from inflight.report.timeline import timeline
from inflight.report.waiting import peaks, waiting
from inflight.report.words import selection, summary
from inflight.terminal.files import write_file


def write_report(run: Run, path: Path) -> None:
    """Write the run's report to `path` as one HTML file, making its directory. Raises FileError."""
    write_file(path, page(run))


def page(run: Run) -> str:
    """Return the report as HTML.

    Whatever came from outside is escaped, and the page's own policy lets nothing run but its two scripts.
    """
    scale = scale_of(run)
    scripts = [get_plotlyjs(), _resource("draw.js")]
    return Template(_resource("page.html")).substitute(
        policy=" ".join(f"'sha256-{_digest(script)}'" for script in scripts),
        style=_resource("style.css"),
        definitions=definitions(),
        lede=lede(run),
        facts=facts(run),
        life=life(run),
        stations=stations(run),
        reading=reading(scale),
        timelines="".join(_timeline(target, scale) for target in run.targets),
        waiting=_waiting(run, scale),
        table=table(run),
        plotly=scripts[0],
        draw=scripts[1],
    )


def _timeline(target: TargetRun, scale: Scale) -> str:
    told = (summary(target.requests), selection(target.requests), *notes(target))
    lines = "".join(f"<p>{escape(line)}</p>" for line in told if line)
    label = f"Timeline of {target.name}: a bar per request; the table below has the same figures"
    chart = _chart("timeline", target, label, timeline(target, scale)) if target.requests else ""
    about = f"<p>{markup(target.about)}</p>" if target.about else ""
    return (
        f'<section class="target"><header><h3>{escape(target.name)}</h3>{verdict(target.verdict)}{about}'
        f"{lines or ('' if chart else '<p>No request was sent.</p>')}</header>{chart}</section>"
    )


def _waiting(run: Run, scale: Scale) -> str:
    """Return the section of the pictures over time; nothing for a run in which no metrics were read."""
    columns = "".join(_column(target, scale) for target in run.targets if target.samples)
    return WAITING.format(columns=columns) if columns else ""


def _column(target: TargetRun, scale: Scale) -> str:
    figures = peaks(target.samples)
    label = f"{target.name}: in flight and waiting over time. {figures}"
    return (
        f"<section><h3>{escape(target.name)}</h3>{_chart('waiting', target, label, waiting(target, scale))}"
        f"<p>{figures}</p></section>"
    )


def _chart(kind: str, target: TargetRun, label: str, figure: Any) -> str:
    """Return the element that `draw.js` draws the figure into; the figure goes with it as JSON."""
    data = figure.to_json().replace("<", "\\u003c")
    return (
        f'<div class="chart" role="img" data-chart="{kind}" data-target="{escape(target.name)}" '
        f'aria-label="{escape(label)}"><script type="application/json">{data}</script></div>'
    )


def _resource(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
