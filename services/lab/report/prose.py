"""The page's sentences that depend on the run, in plain English for someone who has never seen this."""

from __future__ import annotations

from html import escape

from services.lab.report.bars import UNEXPLAINED, unexplained
from services.lab.report.palette import LOOKS
from services.lab.report.scale import Scale
from services.lab.report.swatch import swatch
from services.lab.report.words import count, duration
from services.lab.run import GatewayRun, Run
from services.sender.record import ENTRIES, Record
from services.telemetry.ledger import QUEUES

MODES = {
    "sync": (
        (
            "An <code>async def</code> handler that calls the backend with the blocking library "
            "<code>requests</code>. While it waits for the backend its event loop stands still"
        ),
        "so the upstream parts of its bars follow one another",
    ),
    "threadpool": (
        "A plain <code>def</code> handler with <code>requests</code>: FastAPI runs it in a pool of 40 threads",
        "so up to 40 upstream parts lie side by side",
    ),
    "async": (
        (
            "An <code>async def</code> handler that awaits the backend through <code>aiohttp</code>. Its event loop "
            "goes on with the others meanwhile"
        ),
        "so all upstream parts lie side by side",
    ),
}
"""How a gateway of each mode calls the backend, and how that shows where it did as claimed; HTML."""

UNMEASURED = (
    "How long requests lay in the kernel's queue could not be measured here: that is a part of network, which is drawn "
    "before the other parts for this reason."
)

THE_SAME = "The gateways do the same work and differ only in how they wait for the backend. "

AT_ONCE = 0.1
"""Seconds. Requests that were all due within this were sent together."""


def lede(run: Run) -> str:
    """Return what was sent to whom, and the question that this page answers."""
    if not any(gateway.requests for gateway in run.gateways):
        return "Nothing was sent in this run."
    if all(gateway.mode for gateway in run.gateways) and run.delay is not None:
        took, several = f"{run.delay:g} s", len(run.gateways) > 1
        return (
            f"{count(len(run.gateways), 'gateway')} stood in front of one slow backend, which takes {took} to answer. "
            f"{_sent(run)} {THE_SAME * several}"
            f"Where a request took much longer than those {took}, the parts of its bar say where it waited."
        )
    return f"{_sent(run)} This page shows how long each took, and where the time went, as far as the answers say."


def _sent(run: Run) -> str:
    """Return how many requests went to each gateway, and when."""
    shapes = {_shape(gateway.requests) for gateway in run.gateways}
    if len(shapes) == 1:
        each = "Each gateway, one after the other," if len(run.gateways) > 1 else escape(run.gateways[0].name)
        return f"{each} was sent {shapes.pop()}."
    parts = (f"{escape(gateway.name)} was sent {_shape(gateway.requests)}" for gateway in run.gateways)
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
        "Each bar is one request. It begins when the request was due and ends when its answer was read, so its length "
        "is how long the client waited; its parts say where."
    )
    if scale.aligned:
        return (
            f"{text} They were sent over a time much longer than each took, so every bar begins at the left; "
            "from top to bottom they stand in the order in which they were due."
        )
    return f"{text} All have the same time axis, which begins when the first request of that gateway was due."


def facts(run: Run) -> str:
    """Return the run's facts as a definition list."""
    known = {
        "Started": f"{run.started:%d %B %Y, %H:%M:%S %Z}".strip(),
        "Machine": run.machine,
        "Backend's delay": "not set by this run" if run.delay is None else f"{run.delay:g} s",
        "Sent": count(sum(len(gateway.requests) for gateway in run.gateways), "request"),
    }
    return "".join(f"<div><dt>{name}</dt><dd>{escape(text)}</dd></div>" for name, text in known.items())


def manner(gateway: GatewayRun) -> str:
    """Return how the gateway waits for the backend, as HTML; nothing of one that is none of the lab's."""
    if gateway.mode is None:
        return ""
    how, shows = MODES[gateway.mode]
    as_claimed = gateway.verdict is None or gateway.verdict.ok
    return f"<p>{how}, {shows}.</p>" if as_claimed else f"<p>{how}.</p>"


def stations(run: Run) -> str:
    """Return the legend: every entry in the order in which a request lives it, the queues marked as such."""
    more = any(unexplained(record) for gateway in run.gateways for record in gateway.requests)
    return "".join(_station(entry) for entry in (*ENTRIES, *([UNEXPLAINED] if more else [])))


def _station(entry: str) -> str:
    queue = entry in QUEUES
    name = f"{entry} <em>queue</em>" if queue else entry
    kind = ' class="queue"' if queue else ""
    return f"<li{kind}>{swatch(entry)}<h3>{name}</h3><p>{LOOKS[entry].meaning}</p></li>"


WAITING = """<section id="waiting">
<h2>What each gateway said of itself meanwhile</h2>
<p>Ten times a second during the run, from a port that answers even while the event loop cannot. <strong>In
flight</strong> is the usual gauge: requests that the application has begun to serve. On a blocked event loop it reads
1, however many are there. <strong>Waiting</strong> is what that gauge leaves out, by queue. Each reading is drawn
until the next. All gateways have the same scales.</p>
<div class="columns">{columns}</div>
</section>"""
"""The section of the pictures over time; HTML."""
