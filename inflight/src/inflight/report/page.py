"""The page: everything brought together into one file that asks the network for nothing."""

from __future__ import annotations

from html import escape
from pathlib import Path
from string import Template

from inflight.report.blocked import blocked
from inflight.report.parts import chart, common, resource
from inflight.report.prose import WAITING, facts, lede, life, markup, notes, reading, stations
from inflight.report.run import Run, TargetRun
from inflight.report.scale import Scale, scale_of
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
    return Template(resource("page.html")).substitute(
        common(),
        lede=lede(run),
        facts=facts(run),
        life=life(run),
        stations=stations(run),
        reading=reading(scale),
        timelines="".join(_timeline(target, scale) for target in run.targets),
        waiting=_waiting(run, scale),
        table=table(run),
    )


def _timeline(target: TargetRun, scale: Scale) -> str:
    told = (summary(target.requests), selection(target.requests), *notes(target))
    lines = "".join(f"<p>{escape(line)}</p>" for line in told if line)
    label = f"Timeline of {target.name}: a bar per request; the table below has the same figures"
    bars = chart("timeline", target.name, label, timeline(target, scale)) if target.requests else ""
    about = f"<p>{markup(target.about)}</p>" if target.about else ""
    return (
        f'<section class="target"><header><h3>{escape(target.name)}</h3>{verdict(target.verdict)}{about}'
        f"{lines or ('' if bars else '<p>No request was sent.</p>')}</header>{bars}{blocked(target.samples)}</section>"
    )


def _waiting(run: Run, scale: Scale) -> str:
    """Return the section of the pictures over time; nothing for a run in which no metrics were read."""
    columns = "".join(_column(target, scale) for target in run.targets if target.samples)
    return WAITING.format(columns=columns) if columns else ""


def _column(target: TargetRun, scale: Scale) -> str:
    figures = peaks(target.samples)
    label = f"{target.name}: in flight and waiting over time. {figures}"
    return (
        f"<section><h3>{escape(target.name)}</h3>{chart('waiting', target.name, label, waiting(target, scale))}"
        f"<p>{figures}</p></section>"
    )
