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

from services.lab.files import write_file
from services.lab.report.prose import UNMEASURED, WAITING, facts, lede, manner, reading, stations
from services.lab.report.scale import Scale, scale_of
from services.lab.report.swatch import definitions
from services.lab.report.table import table, verdict
from services.lab.report.timeline import timeline
from services.lab.report.waiting import peaks, waiting
from services.lab.report.words import selection, summary
from services.lab.run import GatewayRun, Run
from services.sender.record import kernel_known


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
        stations=stations(run),
        reading=reading(scale),
        timelines="".join(_timeline(gateway, scale) for gateway in run.gateways),
        waiting=_waiting(run, scale),
        table=table(run),
        plotly=scripts[0],
        draw=scripts[1],
    )


def _timeline(gateway: GatewayRun, scale: Scale) -> str:
    unmeasured = UNMEASURED if not all(kernel_known(record) for record in gateway.requests) else None
    told = (summary(gateway.requests), selection(gateway.requests), unmeasured)
    notes = "".join(f"<p>{escape(note)}</p>" for note in told if note)
    label = f"Timeline of {gateway.name}: a bar per request; the table below has the same figures"
    chart = _chart("timeline", gateway, label, timeline(gateway, scale)) if gateway.requests else ""
    return (
        f'<section class="gateway"><header><h3>{escape(gateway.name)}</h3>{verdict(gateway.verdict)}{manner(gateway)}'
        f"{notes or ('' if chart else '<p>No request was sent.</p>')}</header>{chart}</section>"
    )


def _waiting(run: Run, scale: Scale) -> str:
    """Return the section of the pictures over time; nothing for a run in which no metrics were read."""
    columns = "".join(_column(gateway, scale) for gateway in run.gateways if gateway.samples)
    return WAITING.format(columns=columns) if columns else ""


def _column(gateway: GatewayRun, scale: Scale) -> str:
    figures = peaks(gateway.samples)
    label = f"{gateway.name}: in flight and waiting over time. {figures}"
    return (
        f"<section><h3>{escape(gateway.name)}</h3>{_chart('waiting', gateway, label, waiting(gateway, scale))}"
        f"<p>{figures}</p></section>"
    )


def _chart(kind: str, gateway: GatewayRun, label: str, figure: Any) -> str:
    """Return the element that `draw.js` draws the figure into; the figure goes with it as JSON."""
    data = figure.to_json().replace("<", "\\u003c")
    return (
        f'<div class="chart" role="img" data-chart="{kind}" data-gateway="{escape(gateway.name)}" '
        f'aria-label="{escape(label)}"><script type="application/json">{data}</script></div>'
    )


def _resource(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
