"""What `inflight top` shows, worked out from two readings; figures that are not known are None."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from inflight.ledger import QUEUES
from inflight.top.source import Reading


@dataclass(frozen=True)
class Worker:
    """One process of the service."""

    name: str
    in_flight: int | None
    waiting: dict[str, int]
    rate: float | None
    """Requests a second."""
    stalled: float | None
    blocked: dict[str, Any] | None
    """What holds its event loop: where, method, route, for."""
    oldest_unread: float | None


@dataclass
class Route:
    """A route of the service."""

    name: str
    in_flight: int = 0
    lost: float | None = 0.0
    """Seconds that the requests in flight have spent in queues; None where not all of them are known."""
    rate: float | None = None
    latency: float | None = None
    """Mean of those that ended since the last reading."""


@dataclass(frozen=True)
class Holder:
    """A line that has held the event loop since the service started."""

    where: str
    route: str
    seconds: float
    waited: int


@dataclass(frozen=True)
class Picture:
    """The service at one moment."""

    workers: list[Worker]
    requests: list[dict[str, Any]]
    routes: list[Route]
    holders: list[Holder]
    unlisted: int
    missing: str = ""
    """Why requests are not listed; empty where they are."""


def lost(request: dict[str, Any]) -> float:
    """Return the seconds that a request has spent in queues."""
    return float(sum(request["ledger"].get(queue, 0.0) for queue in QUEUES))


def picture(now: Reading, before: Reading | None) -> Picture:
    """Return the service as it is `now`, with the rates since the reading `before`."""
    processes = now.requests.get("processes", [])
    requests = sorted(now.requests.get("requests", []), key=lambda request: -request["age"])
    missing = now.missing or ", ".join(_silence(process) for process in processes if "silent" in process)
    return Picture(
        workers=_workers(now, before, processes),
        requests=requests,
        routes=_routes(now, before, None if missing else requests),
        holders=_holders(now),
        unlisted=sum(process.get("unlisted", 0) for process in processes),
        missing=missing,
    )


def _silence(process: dict[str, Any]) -> str:
    """Return that a process does not respond itself, and for how long where that is known."""
    since = process["silent"]
    return f"process {process['pid']} has not responded" + (f" for {since:.1f} s" if since is not None else "")


def _workers(now: Reading, before: Reading | None, processes: list[dict[str, Any]]) -> list[Worker]:
    in_flight = _sums(now, "http_requests_in_flight", "worker")
    rates = _rates(now, before, "http_requests_completed_total", "worker")
    stalls = {labels.get("worker", ""): value for labels, value in now.samples.get("event_loop_stalled_seconds", [])}
    waiting: dict[str, dict[str, int]] = defaultdict(dict)
    for labels, value in now.samples.get("http_requests_waiting", []):
        waiting[labels.get("worker", "")][labels["queue"]] = int(value)
    by_name = {str(process.get("worker", "")): process for process in processes}
    several = len(by_name) > 1 or any(name for name in (*in_flight, *stalls))
    if not several:  # one process has no label, though its document has a number
        by_name = dict(zip([""], processes, strict=False))
    names = sorted({*in_flight, *stalls, *waiting, *by_name}, key=lambda name: (len(name), name))
    return [
        Worker(
            name=name,
            in_flight=_whole(in_flight.get(name)),
            waiting=waiting.get(name, {}),
            rate=rates.get(name),
            stalled=stalls.get(name),
            blocked=by_name.get(name, {}).get("blocked"),
            oldest_unread=(by_name.get(name, {}).get("unread") or {}).get("oldest"),
        )
        for name in names
    ]


def _whole(number: float | None) -> int | None:
    return None if number is None else int(number)


def _routes(now: Reading, before: Reading | None, requests: list[dict[str, Any]] | None) -> list[Route]:
    rates = _rates(now, before, "http_requests_completed_total", "route")
    counts = _rates(now, before, "http_request_duration_seconds_count", "route")
    seconds = _rates(now, before, "http_request_duration_seconds_sum", "route")
    in_flight = _sums(now, "http_requests_in_flight", "route")
    routes = {name: Route(name, int(count), rate=rates.get(name)) for name, count in in_flight.items()}
    losses: dict[str, float] = defaultdict(float)
    for request in requests or []:
        losses[request.get("route", "")] += lost(request)
    for name, route in routes.items():
        if counts.get(name) and name in seconds:  # which may have gone down alone when the service began anew
            route.latency = seconds[name] / counts[name]
        route.lost = None if requests is None else losses[name]
    return sorted(
        routes.values(), key=lambda route: (-(route.lost or 0.0), -route.in_flight, -(route.rate or 0.0), route.name)
    )


def _holders(now: Reading) -> list[Holder]:
    seconds, waited = _by_holder(now, "event_loop_blocked_seconds"), _by_holder(now, "event_loop_blocked_requests")
    found = [Holder(*key, value, int(waited.get(key, 0))) for key, value in seconds.items()]
    return sorted(found, key=lambda holder: -holder.seconds)


def _by_holder(reading: Reading, name: str) -> dict[tuple[str, str], float]:
    sums: dict[tuple[str, str], float] = defaultdict(float)
    for labels, value in reading.samples.get(f"{name}_total", []):
        sums[labels["where"], labels["route"]] += value
    return sums


def _sums(reading: Reading, name: str, label: str) -> dict[str, float]:
    sums: dict[str, float] = defaultdict(float)
    for labels, value in reading.samples.get(name, []):
        sums[labels.get(label, "")] += value
    return dict(sums)


def _rates(now: Reading, before: Reading | None, name: str, label: str) -> dict[str, float]:
    """Return the increase a second by a label; one that has gone down is of a service that was started again."""
    if before is None or now.at <= before.at:
        return {}
    earlier = _sums(before, name, label)
    increases = {key: value - earlier.get(key, 0.0) for key, value in _sums(now, name, label).items()}
    return {key: value / (now.at - before.at) for key, value in increases.items() if value >= 0}
