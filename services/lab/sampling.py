"""Scrapes a gateway's admin port while it works: what is in flight, waits and blocks, ten times a second."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from time import perf_counter

import aiohttp
from prometheus_client.parser import text_string_to_metric_families

from inflight.report.run import Sample

INTERVAL = 0.1
"""Seconds from one scrape to the next."""
SCRAPE_TIMEOUT = 5.0


@asynccontextmanager
async def sampled(admin_url: str, on_sample: Callable[[Sample], None]) -> AsyncIterator[list[Sample]]:
    """Scrape `admin_url` until the block is left; the list grows meanwhile."""
    samples: list[Sample] = []

    def take(sample: Sample) -> None:
        samples.append(sample)
        on_sample(sample)

    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=SCRAPE_TIMEOUT)) as session:
        scraper = _Scraper(session, f"{admin_url}/metrics", take)
        await scraper.scrape()  # before the block: its first scrape is the slowest
        task = asyncio.create_task(scraper.keep_on())
        try:
            yield samples
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


def parse_sample(at: float, text: str) -> Sample:
    """Return what one scrape in Prometheus' text format holds of the requests."""
    values: dict[tuple[str, str], float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            key = (sample.name, sample.labels.get("queue", sample.labels.get("where", "")))
            values[key] = values.get(key, 0.0) + sample.value
    return Sample(
        at=at,
        in_flight=int(values.get(("http_requests_in_flight", ""), 0)),
        stalled=values.get(("event_loop_stalled_seconds", "")),
        waiting={queue: int(value) for (name, queue), value in values.items() if name == "http_requests_waiting"},
        blocked={where: value for (name, where), value in values.items() if name == "event_loop_blocked_seconds_total"},
    )


class _Scraper:
    def __init__(self, session: aiohttp.ClientSession, url: str, take: Callable[[Sample], None]) -> None:
        self.session = session
        self.url = url
        self.take = take
        self.started = perf_counter()

    async def scrape(self) -> None:
        at = perf_counter() - self.started
        with suppress(aiohttp.ClientError, TimeoutError):  # a scrape that fails is a gap in the picture
            async with self.session.get(self.url) as response:
                self.take(parse_sample(at, await response.text()))

    async def keep_on(self) -> None:
        self.started = due = perf_counter()
        while True:
            await self.scrape()
            due += INTERVAL
            await asyncio.sleep(max(0.0, due - perf_counter()))
