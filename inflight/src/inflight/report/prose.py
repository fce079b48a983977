"""The page's sentences that depend on the run, in plain English for someone who has never seen this."""

from __future__ import annotations

import re
from html import escape

from inflight.ledger import QUEUES
from inflight.report.bars import UNEXPLAINED, unexplained
from inflight.report.palette import LOOKS
from inflight.report.run import Run, TargetRun
from inflight.report.scale import Scale
from inflight.report.swatch import swatch
from inflight.report.words import count, duration
from inflight.send.outcome import WAITED_FOR
from inflight.send.record import ENTRIES, FIRST_BYTE, Record, told_by_server

UNMEASURED = (
    "How long requests lay in the kernel's queue could not be measured here: that is a part of network, which is drawn "
    "before the other parts for this reason."
)

UNTOLD = (
    "Its responses do not say where their time went (Server-Timing), so the client alone does: to connect, to the "
    "first byte, and through the body."
)

RETRIED = (
    "TCP had to try again to open {} of the connections: the accept queue was full, or packets were lost on the way."
)

LIFE = """<h2>The life of a request, and the four queues in it</h2>
<p>A slow service is a queue somewhere. From being sent to the last byte of its response a request passes these
stations, drawn in this order. In four of them, the queues, nobody works on it: it waits its turn.</p>"""

LIFE_FROM_OUTSIDE = """<h2>The life of a request, as its client sees it</h2>
<p>Where in the server a request waited, only the server can say: one that runs under <code>inflight run</code>
does.</p>"""

ANSWERED = WAITED_FOR - {"timeout"}
"""Outcomes of requests that have a response."""
AT_ONCE = 0.1
"""Seconds. Requests that were all due within this were sent together."""

WAITING = """<section id="waiting">
<h2>In flight and waiting meanwhile</h2>
<p>Read from the admin port ten times a second during the run: it responds even while the event loop cannot. <strong>In
flight</strong> is the usual gauge: requests that the application has begun to serve. On a blocked event loop it reads
1, however many are there. <strong>Waiting</strong> is what that gauge leaves out, by queue. Each reading is drawn
until the next. All pictures have the same scales.</p>
<div class="columns">{columns}</div>
</section>"""
"""The section of the pictures over time; HTML."""


def markup(text: str) -> str:
    """Return a text as HTML; what stands in backticks becomes code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def lede(run: Run) -> str:
    """Return what was sent where, and the question that this page answers, as HTML."""
    if not any(target.requests for target in run.targets):
        return "Nothing was sent in this run."
    if run.about:
        return f"{markup(run.about)} {_sent(run)} Where a request took long, the parts of its bar say where it waited."
    return f"{_sent(run)} This page shows how long each took, and where the time went."


def _sent(run: Run) -> str:
    """Return how many requests went to each target, and when."""
    shapes = {_shape(target.requests) for target in run.targets}
    if len(shapes) == 1:
        several = "Each of them" if run.about else "Each target"
        name = f"{several}, one after the other," if len(run.targets) > 1 else escape(run.targets[0].name)
        return f"{name} was sent {shapes.pop()}."
    parts = (f"{escape(target.name)} was sent {_shape(target.requests)}" for target in run.targets)
    return "; ".join(parts) + "."


def _shape(records: list[Record]) -> str:
    if len(records) == 1:
        return "1 request"
    spread = max((record.due for record in records), default=0.0) - min((record.due for record in records), default=0.0)
    when = "at almost the same moment" if spread <= AT_ONCE else f"over {duration(spread)}"
    return f"{count(len(records), 'request')} {when}"


def reading(scale: Scale) -> str:
    """Return how to read a timeline."""
    text = (
        "Each bar is one request. It begins when the request was due and ends when its response was read, so its "
        "length is how long the client waited; its parts say where."
    )
    if scale.aligned:
        return (
            f"{text} They were sent over a time much longer than each took, so every bar begins at the left; "
            "from top to bottom they stand in the order in which they were due."
        )
    return f"{text} All have the same time axis, which begins when the first request of that target was due."


def facts(run: Run) -> str:
    """Return the run's facts as a definition list."""
    known = {
        "Started": f"{run.started:%d %B %Y, %H:%M:%S %Z}".strip(),
        "Machine": run.machine,
        **run.facts,
        "Sent": count(sum(len(target.requests) for target in run.targets), "request"),
    }
    return "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(text)}</dd></div>" for name, text in known.items())


def notes(target: TargetRun) -> list[str]:
    """Return what must be known to read the target's timeline, sentence by sentence."""
    records = target.requests
    retried = sum(bool(record.connect_retries) for record in records)
    return [
        *([UNTOLD] if any(FIRST_BYTE in record.ledger for record in records if record.outcome in ANSWERED) else []),
        *([UNMEASURED] if any("kernel" not in record.ledger for record in records if told_by_server(record)) else []),
        *([RETRIED.format(f"{retried:,}")] if retried else []),
    ]


def life(run: Run) -> str:
    """Return what the legend shows, as HTML."""
    return LIFE if any(told_by_server(record) for record in _records(run)) else LIFE_FROM_OUTSIDE


def stations(run: Run) -> str:
    """Return the legend: the entries in the order in which a request lives them, the queues marked as such."""
    records = _records(run)
    known = {entry for record in records for entry in record.ledger}
    if any(told_by_server(record) for record in records):
        known |= set(ENTRIES) - {FIRST_BYTE}  # what a request did not meet is worth knowing, too
    more = [UNEXPLAINED] if any(unexplained(record) for record in records) else []
    return "".join(_station(entry) for entry in (*(entry for entry in ENTRIES if entry in known), *more))


def _station(entry: str) -> str:
    queue = entry in QUEUES
    name = f"{entry} <em>queue</em>" if queue else entry
    kind = ' class="queue"' if queue else ""
    return f"<li{kind}>{swatch(entry)}<h3>{name}</h3><p>{LOOKS[entry].meaning}</p></li>"


def _records(run: Run) -> list[Record]:
    return [record for target in run.targets for record in target.requests]
