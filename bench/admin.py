"""What a service's admin port says of its own process."""

from __future__ import annotations

from time import perf_counter, sleep

from prometheus_client.parser import text_string_to_metric_families

from bench.program import Program, ask
from inflight.terminal.errors import CommandError
from services.lab.process import LOOPBACK

POLL = 0.05
SETTLED_WITHIN = 60.0


def scrape(program: Program) -> tuple[float, dict[str, float]]:
    """Return the seconds that /metrics took to answer, and each sample's value, its labels summed up."""
    started = perf_counter()
    status, body = ask(f"http://{LOOPBACK}:{program.settings['ADMIN_PORT']}/metrics")
    seconds = perf_counter() - started
    if status != 200:
        raise CommandError(f"{program.name} answered {status} to a scrape")
    values: dict[str, float] = {}
    for family in text_string_to_metric_families(body.decode()):
        for sample in family.samples:
            values[sample.name] = values.get(sample.name, 0.0) + sample.value
    return seconds, values


def value(program: Program, name: str) -> float:
    """Return one sample's value, its labels summed up; 0 where there is none yet."""
    return scrape(program)[1].get(name, 0.0)


def in_flight(program: Program, count: int) -> None:
    """Return when exactly so many requests are in flight. Raises CommandError when it does not come to that."""
    deadline = perf_counter() + SETTLED_WITHIN
    while (now := value(program, "http_requests_in_flight")) != count:
        if perf_counter() > deadline:
            raise CommandError(f"{program.name} has {now:g} requests in flight, not {count}")
        sleep(POLL)
