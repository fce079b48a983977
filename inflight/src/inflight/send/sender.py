"""The sender: sends each request when it is due, whatever became of those before it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from time import perf_counter

import aiohttp

from inflight.send.metrics import SenderMetrics
from inflight.send.record import Record
from inflight.send.request import send_request
from inflight.send.session import open_session

TASK = "{task}"
"""What a URL holds where the task's name goes."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where requests go: a name for people and metrics, and a URL, in which `{task}` becomes each task's name."""

    name: str
    url: str
    method: str = "GET"


class Sender:
    """Sends to one target. `on_record` gets each request's record at its end; senders may share `metrics`."""

    def __init__(
        self,
        target: Target,
        timeout: float,
        metrics: SenderMetrics | None = None,
        on_record: Callable[[Record], None] | None = None,
    ) -> None:
        self.target = target
        self.timeout = timeout
        self.metrics = metrics
        self.on_record = on_record
        if metrics:
            metrics.expect(target.name)

    async def send(self, schedule: Iterable[float]) -> list[Record]:
        """Send a request at each of the schedule's seconds and return their records in that order.

        Being cancelled ends the sending, not the counting: every request sent by then has its record.
        """
        sent: list[asyncio.Task[Record]] = []
        async with open_session(self.timeout) as session:
            started = perf_counter()
            try:
                for number, due in enumerate(schedule, 1):
                    ahead = started + due - perf_counter()
                    if ahead > 0:
                        await asyncio.sleep(ahead)
                    sent.append(asyncio.create_task(self._send(session, f"task{number}", started, due)))
                if sent:
                    await asyncio.wait(sent)
            except asyncio.CancelledError:
                for task in sent:
                    task.cancel()
            return await asyncio.gather(*sent)

    async def _send(self, session: aiohttp.ClientSession, task: str, started: float, due: float) -> Record:
        name = self.target.name
        if self.metrics:
            self.metrics.in_flight.labels(name).inc()
        url = self.target.url.replace(TASK, task)
        record = await send_request(session, url, task, started, due, method=self.target.method)
        if self.metrics:
            self.metrics.in_flight.labels(name).dec()
            self.metrics.completed.labels(name, record.outcome).inc()
            self.metrics.duration.labels(name).observe(record.seconds)
        if self.on_record:
            self.on_record(record)
        return record
