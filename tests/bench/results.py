"""A run's results, as small as a test needs them."""

from __future__ import annotations

from typing import Any


def turns(*rates: float, errors: int = 0) -> list[dict[str, Any]]:
    """Return turns with these rates."""
    return [
        {"rate": rate, "median": 0.01, "p99": 0.02, "requests": 1000, "errors": errors, "cpu": 2e-4} for rate in rates
    ]


def results(**parts: Any) -> dict[str, Any]:
    """Return the results of a run that has these parts."""
    machine = {
        "processors": 2,
        "processor": "a processor",
        "memory_gib": 8,
        "system": "Linux 6",
        "python": "3.11.0",
        "nginx": "1.22.1",
        "wrk": "4.1.0",
        "descriptors": 20000,
        "somaxconn": 4096,
        "load_before": 0.5,
    }
    plan = {"rounds": 2, "seconds": 2, "connections": 64}
    return {"machine": machine, "plan": plan, "failed": {}, "missing": [], "others": 0.01, **parts}


def bursts(gateway: float, backend: float, outcomes: dict[str, int] | None = None) -> dict[str, Any]:
    """Return the bursts in which the gateway and the backend alone took so many seconds."""

    def of(seconds: float, ended: dict[str, int] | None) -> dict[str, Any]:
        return {size: [{"seconds": seconds, "outcomes": ended or {"200": int(size)}}] * 2 for size in ("1000", "4000")}

    ceiling = {"size": 4000, "client": 0.4, "sender": 3.0}
    return {"delay": 1.0, "gateway": of(gateway, outcomes), "backend": of(backend, None), "ceiling": ceiling}


def memory(**changed: Any) -> dict[str, Any]:
    """Return a run's memory: 40 MB at the start, 20 KB a request in flight, all of it given back."""
    start = 40e6
    given = {"size": 4000, "start": start, "peak": [start + 80e6], "after": [start, start], "end": start, "failed": 0}
    return {**given, "scrapes_waiting": [0.01, 0.02], "scrapes_working": [0.2], **changed}
