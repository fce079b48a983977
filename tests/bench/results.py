"""A run's results, as small as a test needs them."""

from __future__ import annotations

from typing import Any

from bench.scale import SITUATIONS


def turns(*micros: float, errors: int = 0) -> list[dict[str, Any]]:
    """Return turns whose requests cost so many microseconds."""
    return [{"cpu": each / 1e6, "rate": 1e6 / each, "p99": 0.02, "requests": 1000, "errors": errors} for each in micros]


def cost(**contenders: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the costs of these contenders, the same for each of the routes `async` and `def`."""
    plain = contenders.get("plain", [])
    for each in contenders.values():
        for turn, before in zip(each, plain, strict=False):
            turn["plain"] = before["cpu"]
    return {key: {"async": each, "def": each} for key, each in contenders.items()}


def results(**parts: Any) -> dict[str, Any]:
    """Return the results of a run that has these parts."""
    machine = {
        "processors": 2,
        "processor": "a processor",
        "memory_gib": 8,
        "system": "Linux 6",
        "python": "3.11.0",
        "wrk": "4.1.0",
        "descriptors": 20000,
        "somaxconn": 4096,
        "load_before": 0.5,
        "libraries": {"fastapi": "1"},
        "contenders": {"exporter": "2", "transparent": None},
    }
    plan = {"rounds": 2, "connections": 16}
    return {"machine": machine, "plan": plan, "failed": {}, "missing": [], "others": 0.01, **parts}


def bursts(gateway: float, backend: float, outcomes: dict[str, int] | None = None) -> dict[str, Any]:
    """Return the bursts in which the gateway and the backend alone took so many seconds."""

    def of(seconds: float, ended: dict[str, int] | None) -> dict[str, Any]:
        return {size: [{"seconds": seconds, "outcomes": ended or {"200": int(size)}}] * 2 for size in ("1000", "4000")}

    return {"delay": 1.0, "gateway": of(gateway, outcomes), "backend": of(backend, None), "ceiling": 0.4}


def scale(many: float) -> dict[str, Any]:
    """Return costs that are 1.2 times the plain service's with few in flight, and `many` times in all else."""
    ratios = dict.fromkeys(SITUATIONS, many) | {SITUATIONS[0]: 1.2}
    return {each: {"plain": [1e-4] * 2, "inflight": [1e-4 * ratio] * 2} for each, ratio in ratios.items()}


def memory(kilobytes: float, left: float = 0.0) -> dict[str, Any]:
    """Return the memory of a telemetry that takes so many KB a request in flight and leaves some."""

    def sizes(each: float, kept: float) -> list[dict[str, Any]]:
        unit = 10_000 * 1024
        return [{"start": 0, "peak": [each * unit] * 2, "after": [unit, unit * (1 + kept)]}]

    return {"in_flight": 10_000, "plain": sizes(10, 0), "inflight": sizes(10 + kilobytes, left), "supervisor": [24e6]}
