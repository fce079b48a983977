"""The rows of the comparison: the same question to each gateway, and what to look for in what it shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dashboards import queries
from dashboards.query import Line

GATEWAYS = {"sync": "sync-gateway", "threads": "threadpool-gateway", "async": "async-gateway"}
"""The columns, from left to right, and the service that each shows."""
ANY = 'service=~".+-gateway"'


@dataclass(frozen=True)
class Row:
    """One row: the fields are those of `Graph`, but `lines` and `total` are given a gateway's selector.

    `scale` asks for the highest value in any column. `look_for` holds a sentence for each column.
    """

    name: str
    unit: str
    soft_max: float
    lines: Callable[[str], tuple[Line, ...]]
    scale: str
    look_for: dict[str, str]
    total: Callable[[str], str] | None = None
    stacked: bool = False
    stepped: bool = False
    held: bool = False
    gap: tuple[str, str] | None = None


def selector(column: str) -> str:
    """Return the labels of a column's service."""
    return f'service="{GATEWAYS[column]}"'


def of_tasks(chosen: str) -> str:
    """Return the labels of the tasks among a gateway's requests."""
    return f'{chosen}, route="/{{task}}"'


def as_sent(chosen: str) -> str:
    """Return the same labels as the sender has them."""
    return chosen.replace("service", "gateway")


OF_YOUR_OWN = (
    "Between bursts the last value stands. A request of your own moves the application's line only: the client is the "
    "lab's sender."
)
SAME = f"No gap: what the client waits is what the application logs. {OF_YOUR_OWN}"
LATENCY = Row(
    name="latency",
    unit="s",
    soft_max=12,
    held=True,
    gap=("client", "application"),
    lines=lambda chosen: (
        Line("client", queries.client_latency(as_sent(chosen))),
        Line("application", queries.application_latency(of_tasks(chosen))),
    ),
    scale=f"max({queries.client_latency(as_sent(ANY), 'gateway')} or "
    f"{queries.application_latency(of_tasks(ANY), 'service')})",
    look_for={
        "sync": "The client waits up to ten times as long as the application logs: the filled gap is the queue. "
        f"{OF_YOUR_OWN}",
        "threads": SAME,
        "async": SAME,
    },
)
WAITING = Row(
    name="waiting",
    unit="short",
    soft_max=12,
    stacked=True,
    stepped=True,
    lines=lambda chosen: (Line("{{queue}}", queries.waiting(chosen, "queue")),),
    total=queries.waiting,
    scale=f"max({queries.waiting(ANY, 'service')})",
    look_for={
        "sync": "A saw-tooth: nine wait in the kernel or the loop, and each second one of them is served.",
        "threads": "Nobody waits for a thread while there are fewer than 41 requests; send more and watch.",
        "async": "Nobody waits: the event loop is always free to take the next request.",
    },
)
IN_FLIGHT = Row(
    name="in flight (low is bad)",
    unit="short",
    soft_max=12,
    stepped=True,
    lines=lambda chosen: (Line("in flight", queries.in_flight(chosen)),),
    scale=f"max({queries.in_flight(ANY, 'service')})",
    look_for={
        "sync": "Ten requests came, yet the gauge reads 1: the others wait where the application cannot count them.",
        "threads": "All ten are inside at once, each in a thread of the pool.",
        "async": "All ten are inside at once: await lets the next one in while one waits.",
    },
)
STALLED = Row(
    name="event loop stall",
    unit="s",
    soft_max=12,
    lines=lambda chosen: (Line("stood still", queries.stalled(chosen)),),
    scale=f"max({queries.stalled(ANY)})",
    look_for={
        "sync": "The line climbs while a handler blocks the loop, and falls when the loop gets to run again.",
        "threads": "Flat at 0: the blocking happens in other threads.",
        "async": "Flat at 0: nothing blocks; the loop runs whatever is ready.",
    },
)
SPIKE = "All ten end together, D after they came: a spike (as a mean over 4 s it reads about 3), then rest."
COMPLETED = Row(
    name="completed",
    unit="reqps",
    soft_max=4,
    lines=lambda chosen: (Line("completed", queries.completed(chosen)),),
    scale=f"max({queries.completed(ANY, 'service')})",
    look_for={
        "sync": "One a second for ten seconds: it can never be more than 1 / D.",
        "threads": SPIKE,
        "async": SPIKE,
    },
)
CPU = Row(
    name="CPU, in cores",
    unit="short",
    soft_max=0.1,
    lines=lambda chosen: (Line("cores", queries.cpu(chosen)),),
    scale=f"max({queries.cpu(ANY, 'service')})",
    look_for={
        "sync": "Hardly any work while the queue is long: more cores would change nothing.",
        "threads": "As little as the sync gateway, with a tenth of its longest latency.",
        "async": "As little as the sync gateway, with a tenth of its longest latency.",
    },
)

ROWS = (LATENCY, WAITING, IN_FLIGHT, STALLED)
"""From top to bottom."""
AT_REST = (COMPLETED, CPU)
"""The rows that are closed until somebody opens them: they look alike in all columns."""
