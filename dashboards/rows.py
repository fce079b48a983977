"""The rows of the comparison: the same question to each gateway, and what to look for in its answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dashboards import queries
from dashboards.panels import Line

GATEWAYS = {"sync": "sync-gateway", "threads": "threadpool-gateway", "async": "async-gateway"}
"""The columns, from left to right, and the service that each shows."""
ANY = ".+-gateway"


@dataclass(frozen=True)
class Row:
    """One row: the fields are those of `Graph`, but `lines` is given a service's name.

    `scale` asks for the highest value in any column. `look_for` holds, for each column, a short answer for the
    panel's title and a sentence for its description.
    """

    name: str
    unit: str
    soft_max: float
    lines: Callable[[str], tuple[Line, ...]]
    scale: str
    look_for: dict[str, tuple[str, str]]
    stacked: bool = False
    stepped: bool = False
    gap: tuple[str, str] | None = None


IN_FLIGHT = Row(
    name="in flight",
    unit="short",
    soft_max=12,
    stepped=True,
    lines=lambda service: (Line("in flight", queries.in_flight(service)),),
    scale=f"max({queries.in_flight(ANY)})",
    look_for={
        "sync": (
            "1, however many came",
            "Ten requests came, yet the gauge reads 1: the others wait where the application cannot count them.",
        ),
        "threads": ("all ten, a thread each", "All ten are inside at once, each in a thread of the pool."),
        "async": ("all ten, on one thread", "All ten are inside at once: await lets the next one in while one waits."),
    },
)

WAITING = Row(
    name="waiting",
    unit="short",
    soft_max=12,
    stacked=True,
    stepped=True,
    lines=lambda service: (Line("{{queue}}", queries.waiting_by_queue(service)),),
    scale=f"max(sum by (service) ({queries.waiting_by_queue(ANY)}))",
    look_for={
        "sync": (
            "nine, then one less each second",
            "A saw-tooth: nine wait in the kernel or the loop, and each second one of them is served.",
        ),
        "threads": (
            "nobody, up to 40 at once",
            "Nobody waits for a thread while there are fewer than 41 requests; send more and watch.",
        ),
        "async": ("nobody", "Nobody waits: the event loop is always free to take the next request."),
    },
)

COMPLETED = Row(
    name="completed per second",
    unit="short",
    soft_max=4,
    lines=lambda service: (Line("completed", queries.completed(service)),),
    scale=f"max({queries.completed(ANY)})",
    look_for={
        "sync": ("one, one after another", "One a second for ten seconds: it can never be more than 1 / D."),
        "threads": (
            "ten at a stroke",
            "All ten end together, D after they came: a spike (as a mean over 4 s it reads about 3), then rest.",
        ),
        "async": (
            "ten at a stroke",
            "All ten end together, D after they came: a spike (as a mean over 4 s it reads about 3), then rest.",
        ),
    },
)

LATENCY = Row(
    name="latency",
    unit="s",
    soft_max=12,
    gap=("client", "application"),
    lines=lambda service: (
        Line("client", queries.client_latency(service)),
        Line("application", queries.application_latency(service)),
    ),
    scale=f"max({queries.client_latency(ANY)} or {queries.application_latency(ANY)})",
    look_for={
        "sync": (
            "the gap is the queue, the missing seconds",
            "The client waits up to ten times as long as the application logs: the filled gap is the queue.",
        ),
        "threads": ("client and application agree", "No gap: what the client waits is what the application logs."),
        "async": ("client and application agree", "No gap: what the client waits is what the application logs."),
    },
)

STALLED = Row(
    name="event loop",
    unit="s",
    soft_max=12,
    lines=lambda service: (Line("stood still", queries.stalled(service)),),
    scale=f"max({queries.stalled(ANY)})",
    look_for={
        "sync": (
            "stands still for seconds",
            "The line climbs while a handler blocks the loop, and falls when the loop gets to run again.",
        ),
        "threads": ("never stands still", "Flat at 0: the blocking happens in other threads."),
        "async": ("never stands still", "Flat at 0: nothing blocks; the loop runs whatever is ready."),
    },
)

CPU = Row(
    name="CPU",
    unit="percentunit",
    soft_max=0.1,
    lines=lambda service: (Line("cores", queries.cpu(service)),),
    scale=f"max({queries.cpu(ANY)})",
    look_for={
        "sync": ("idle, and yet full", "Hardly any work while the queue is long: more cores would change nothing."),
        "threads": (
            "the same for the same work",
            "As little as the sync gateway, with a tenth of its longest latency.",
        ),
        "async": ("the same for the same work", "As little as the sync gateway, with a tenth of its longest latency."),
    },
)

ROWS = (IN_FLIGHT, WAITING, COMPLETED, LATENCY, STALLED, CPU)
