"""What the telemetry says of waits for a connection and of calls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from inflight.ledger import Ledger, current_ledger
from inflight.telemetry import Telemetry

CALLS = "http_client_request_duration_seconds"
WAITS = "http_request_wait_seconds"


@dataclass
class Watching:
    """A telemetry, read as a scrape reads it."""

    telemetry: Telemetry

    def value(self, name: str, **labels: str) -> float:
        """Return a sample's value; 0 where there is none."""
        return self.telemetry.registry.get_sample_value(name, labels) or 0.0

    def calls(self, name: str, outcome: str = "ok") -> float:
        """Return how many calls have ended so."""
        return self.value(f"{CALLS}_count", upstream=name, outcome=outcome)

    def took(self, name: str, outcome: str = "ok") -> float:
        """Return the seconds of all of them."""
        return self.value(f"{CALLS}_sum", upstream=name, outcome=outcome)

    def all_calls(self) -> dict[tuple[str, str], float]:
        """Return how many calls have ended, by upstream and outcome."""
        samples = (sample for family in self.telemetry.registry.collect() for sample in family.samples)
        counts = (sample for sample in samples if sample.name == f"{CALLS}_count")
        return {(sample.labels["upstream"], sample.labels["outcome"]): sample.value for sample in counts}

    def open_calls(self) -> float:
        """Return how many calls are under way to any upstream."""
        samples = (sample for family in self.telemetry.registry.collect() for sample in family.samples)
        return sum(sample.value for sample in samples if sample.name == "http_client_requests_in_flight")

    def waits(self, queue: str = "pool") -> float:
        """Return how many waits have ended."""
        return self.value(f"{WAITS}_count", queue=queue)

    def waited(self, queue: str = "pool") -> float:
        """Return the seconds of all of them."""
        return self.value(f"{WAITS}_sum", queue=queue)

    def waiting(self, queue: str = "pool") -> int | None:
        """Return how many wait now; None where nobody watches the queue."""
        return self.telemetry.live.waiting().get(queue)

    def at_rest(self) -> bool:
        """Whether nothing waits and no call is under way."""
        return not self.waiting() and not self.open_calls()

    @contextmanager
    def request(self) -> Iterator[Ledger]:
        """Be inside of a request, whose ledger it returns."""
        ledger = Ledger(self.telemetry, {}, 0.0)
        token = current_ledger.set(ledger)
        try:
            yield ledger
        finally:
            current_ledger.reset(token)


async def until(ask: Callable[[], object], wanted: object) -> None:
    """Return when `ask` returns `wanted`, while the event loop goes on."""
    async with asyncio.timeout(15):
        while ask() != wanted:  # noqa: ASYNC110 - what changes is in another thread, or another's
            await asyncio.sleep(0.002)
