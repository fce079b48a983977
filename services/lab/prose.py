"""What the report of an experiment says of the lab; text in backticks is code."""

from __future__ import annotations

MODES = {
    "sync": (
        (
            "An `async def` handler that calls the backend with the blocking library `requests`. While it waits for "
            "the backend its event loop stands still"
        ),
        "so the upstream parts of its bars follow one another",
    ),
    "threadpool": (
        "A plain `def` handler with `requests`: FastAPI runs it in a pool of 40 threads",
        "so up to 40 upstream parts lie side by side",
    ),
    "async": (
        (
            "An `async def` handler that awaits the backend through `aiohttp`. Its event loop goes on with the others "
            "meanwhile"
        ),
        "so all upstream parts lie side by side",
    ),
}
"""How a gateway of each mode calls the backend, and how that shows where it did as claimed."""

THE_SAME = " They do the same work and differ only in how they wait for the backend."


def about(gateways: int, delay: float) -> str:
    """Return what stood where in an experiment."""
    several = gateways > 1
    names = f"{gateways} gateways" if several else "1 gateway"
    return f"{names} stood in front of one slow backend, which takes {delay:g} s for each task.{THE_SAME * several}"


def about_gateway(mode: str, *, as_claimed: bool) -> str:
    """Return how the gateway waits for the backend."""
    how, shows = MODES[mode]
    return f"{how}, {shows}." if as_claimed else f"{how}."
