"""What Prometheus would have scraped from the lab: bursts of ten, pauses, and a time before anybody came.

Each gateway is a list of requests, and every metric follows from them: so what a panel must show can be counted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

NOTHING, BURST, TASKS, PERIOD, DELAY = 60, 60, 10, 15, 1
"""Seconds before the first burst; when it begins; how many requests; from burst to burst; what the backend takes."""
BURSTS = 3
LENGTH = BURST + BURSTS * PERIOD
BUCKETS = (0.1, 1.1, 5.0, 20.0)
SYNC, THREADS, ASYNC = "sync-gateway", "threadpool-gateway", "async-gateway"
PLACE = "services/gateway/sync.py:31 relay (requests)"
LIMIT = 2048


@dataclass(frozen=True)
class Request:
    """When a request came, when the application got it, and when it ended."""

    due: float
    started: float
    ended: float


def one_after_another() -> list[Request]:
    """Return what a gateway with a blocked event loop makes of the bursts."""
    bursts = [BURST + PERIOD * number for number in range(BURSTS)]
    return [Request(at, at + DELAY * n, at + DELAY * (n + 1)) for at in bursts for n in range(TASKS)]


def at_once() -> list[Request]:
    """Return what the others make of them."""
    bursts = [BURST + PERIOD * number for number in range(BURSTS)]
    return [Request(at, at, at + DELAY) for at in bursts for _ in range(TASKS)]


SERVED = {SYNC: one_after_another(), THREADS: at_once(), ASYNC: at_once()}


@dataclass(frozen=True)
class Sample:
    """A value of a metric with these labels."""

    metric: str
    labels: str
    value: float


def scrape(at: float, start: float) -> Iterator[Sample]:
    """Yield what a scrape finds, so many seconds after the recording's `start`."""
    for service, requests in SERVED.items():
        target = f'service="{service}",job="pods",instance="10.0.0.1:9000",pod="{service}-0"'
        yield from _requests(requests, target, at)
        yield from _loop(requests if service == SYNC else [], target, at)
        yield from _sender(requests, service, at)
        yield Sample("process_start_time_seconds", target, start)
    if at > NOTHING:
        yield from _long_there(start)
    yield from _ports([one for one in SERVED[SYNC] if one.due <= at < one.started], at)


def _requests(requests: list[Request], target: str, at: float) -> Iterator[Sample]:
    route = f'{target},method="GET",route="/{{task}}"'
    ended = [one for one in requests if one.ended <= at]
    inside = [one for one in requests if one.started <= at < one.ended]
    begun = [one for one in requests if one.started <= at]
    yield Sample("http_requests_in_flight", route, len(inside))
    yield Sample("http_requests_completed_total", f'{route},code="200"', len(ended))
    yield from _histogram("http_request_duration_seconds", route, (one.ended - one.started for one in ended))
    waited = {"kernel": [0.0 for _ in begun], "loop": [one.started - one.due for one in begun]}
    now = {"kernel": 0, "loop": sum(one.due <= at < one.started for one in requests)}
    for queue, seconds in waited.items():
        yield Sample("http_requests_waiting", f'{target},queue="{queue}"', now[queue])
        yield from _histogram("http_request_wait_seconds", f'{target},queue="{queue}"', seconds)
    calls = f'{target},upstream="backend",outcome="ok"'
    yield from _histogram("http_client_request_duration_seconds", calls, (float(DELAY) for _ in ended))
    yield Sample("process_cpu_seconds_total", target, 0.01 * at)


def _loop(blocking: list[Request], target: str, at: float) -> Iterator[Sample]:
    held = sum(min(at, one.ended) - one.started for one in blocking if one.started < at)
    still = max((at - one.started for one in blocking if one.started < at < one.ended), default=0.0)
    yield Sample("event_loop_stalled_seconds", target, still)
    waited = sum(one.due < one.started <= at for one in blocking)
    if waited:
        yield Sample("event_loop_blocked_requests_total", f'{target},where="{PLACE}",route="/{{task}}"', waited)
    if held:
        yield Sample("event_loop_blocked_seconds_total", f'{target},where="{PLACE}",route="/{{task}}"', held)
        yield Sample("ALERTS", 'alertname="EventLoopBlocked",alertstate="firing",service="sync-gateway"', 1)


def _long_there(start: float) -> Iterator[Sample]:
    """Yield what a service tells that has run for days before Prometheus came to know it."""
    target = 'service="old",job="pods",instance="10.0.0.8:9000",pod="old-0"'
    yield Sample("process_start_time_seconds", target, start - 1e5)
    for counter in ("seconds", "requests"):
        yield Sample(f"event_loop_blocked_{counter}_total", f'{target},where="old.py:1 f",route="/old"', 4000)


def _sender(requests: list[Request], gateway: str, at: float) -> Iterator[Sample]:
    labels = f'service="sender",job="pods",instance="10.0.0.9:9000",gateway="{gateway}"'
    ended = (one.ended - one.due for one in requests if one.ended <= at)
    yield from _histogram("sender_request_duration_seconds", labels, ended)


def _ports(unread: list[Request], at: float) -> Iterator[Sample]:
    pod = 'service="sync-gateway",job="pods",instance="10.0.0.1:9100",pod="sync-gateway-0"'
    port = f'{pod},port="8000"'
    yield Sample("tcp_accept_queue", port, len(unread))
    yield Sample("tcp_accept_queue_limit", port, LIMIT)
    yield Sample("tcp_unread_connections", port, len(unread))
    yield Sample("tcp_oldest_unread_seconds", port, max((at - one.due for one in unread), default=0.0))
    yield Sample("tcp_listen_overflows_total", pod, 0 if at < BURST + PERIOD else 5)
    if unread:
        yield Sample("ALERTS", 'alertname="NobodyReads",alertstate="firing",service="sync-gateway"', 1)


def _histogram(metric: str, labels: str, seconds: Iterable[float]) -> Iterator[Sample]:
    values = list(seconds)
    for bound in BUCKETS:
        yield Sample(f"{metric}_bucket", f'{labels},le="{bound}"', sum(value <= bound for value in values))
    yield Sample(f"{metric}_bucket", f'{labels},le="+Inf"', len(values))
    yield Sample(f"{metric}_count", labels, len(values))
    yield Sample(f"{metric}_sum", labels, sum(values))


def open_metrics(start: float) -> str:
    """Return all scrapes, one a second in its middle, as the text that promtool makes a database of.

    Types are left out: then a name may end in anything, and all samples of a series need not follow each other.
    """
    series: dict[str, list[str]] = {}
    for second in range(LENGTH):
        at = second + 0.5
        for sample in scrape(at, start):
            lines = series.setdefault(f"{sample.metric}{{{sample.labels}}}", [])
            lines.append(f"{sample.metric}{{{sample.labels}}} {sample.value:.12g} {start + at:.3f}")
    return "\n".join(line for _, lines in sorted(series.items()) for line in lines) + "\n# EOF\n"
