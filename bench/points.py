"""What the async-gateway must show, point by point: the target, what a run measured, and whether it was met."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from bench.spread import Spread, paired_ratio, spread

MS, KB, MB = 1e-3, 1e3, 1e6
SETTINGS = (("gateway", "default settings"), ("gateway-quiet", "LOG_LEVEL=warning"))


@dataclass(frozen=True, slots=True)
class Point:
    """One target. `met` is None for a figure that is only stated."""

    number: int
    target: str
    measured: str
    met: bool | None


def points(results: dict[str, Any]) -> list[Point]:
    """Return the points that the run has figures for; `results` is the run as its JSON holds it."""
    rows = results.get("throughput", {})
    return [
        *_throughput(rows, PEER_TARGETS),
        *_stated(rows, "gateway", "nginx", "nginx proxy_pass's throughput, stated"),
        *_throughput(rows, [TELEMETRY_TARGET]),
        *_bursts(results.get("bursts")),
        *_cost(results.get("cost")),
        *_memory(results.get("memory")),
        *_scrapes(results.get("memory"), results.get("scrapes")),
        *_start_up(results.get("start_up")),
        *_throughput(rows, BACKEND_TARGETS),
    ]


def rates(turns: list[dict[str, Any]]) -> list[float]:
    """Return the rate of each round: good answers a second."""
    return [each["rate"] for each in turns]


def errs(turns: list[dict[str, Any]]) -> int:
    """Return how many requests of all turns went wrong."""
    return sum(each["errors"] for each in turns)


@dataclass(frozen=True, slots=True)
class AtLeast:
    """A target for the ratio of two rows' throughput."""

    number: int
    key: str
    other: str
    least: float
    what: str


PEER_TARGETS = [
    AtLeast(1, key, peer, least, f"throughput of {name}, {settings}")
    for key, settings in SETTINGS
    for peer, name, least in (
        ("instrumentator", "FastAPI + aiohttp + instrumentator", 2.0),
        ("httpx", "FastAPI + httpx", 10.0),
        ("aiohttp", "aiohttp.web + aiohttp without telemetry", 0.9),
    )
]
TELEMETRY_TARGET = AtLeast(2, "gateway-quiet", "gateway-bare", 0.9, "throughput of the same gateway, telemetry out")
BACKEND_TARGETS = [
    AtLeast(8, "backend", "gateway", 2.0, "throughput of the gateway: the backend alone, default settings"),
    AtLeast(
        8, "backend-quiet", "gateway-quiet", 2.0, "throughput of the gateway: the backend alone, LOG_LEVEL=warning"
    ),
]


def _throughput(rows: dict[str, Any], targets: list[AtLeast]) -> Iterator[Point]:
    for target in targets:
        ours, others = rows.get(target.key), rows.get(target.other)
        if not ours or not others or not all(rates(others)):
            continue  # not measured, or without a good answer in a round: the table shows that
        ratio = paired_ratio(rates(ours), rates(others))
        wrong = errs(ours)
        yield Point(
            target.number,
            f"at least {target.least:g} times the {target.what}",
            times(ratio) + (f"; {wrong:,} requests went wrong" if wrong else ""),
            ratio.median >= target.least and not wrong,
        )


def _stated(rows: dict[str, Any], key: str, other: str, what: str) -> Iterator[Point]:
    if rows.get(key) and rows.get(other) and all(rates(rows[other])):
        yield Point(1, f"ratio to {what}", times(paired_ratio(rates(rows[key]), rates(rows[other]))), None)


def _bursts(found: dict[str, Any] | None) -> Iterator[Point]:
    if found is None:
        return
    for size, most in (("1000", 1.25), ("4000", 1.3)):
        gateway, backend = found["gateway"][size], found["backend"][size]
        ratio = paired_ratio([each["seconds"] for each in gateway], [each["seconds"] for each in backend])
        alone = spread([each["seconds"] for each in backend])
        lost = sum((Counter(each["outcomes"]) for each in gateway), Counter())
        lost.pop("200", None)
        how = f" ({', '.join(f'{outcome}: {count:,}' for outcome, count in lost.items())})" if lost else ""
        yield Point(
            3,
            f"{int(size):,} at once, D = {found['delay']:g} s: at most {most:g} times the backend alone; nobody lost",
            f"{times(ratio)} (backend alone {alone.median:.2f} s); "
            f"{lost.total():,} of {len(gateway) * int(size):,} lost{how}",
            ratio.median <= most and not lost,
        )


def _cost(found: dict[str, Any] | None) -> Iterator[Point]:
    if found is None:
        return
    few, many = (spread(found["cpu"][count]) for count in ("100", "4000"))
    ratio = paired_ratio(found["cpu"]["4000"], found["cpu"]["100"])
    yield Point(
        4,
        "processor time a request, 4,000 in flight to 100: at most 1.15 times",
        f"{times(ratio)} ({many.median * 1e6:.0f} µs to {few.median * 1e6:.0f} µs, at {found['rate']:g}/s)",
        ratio.median <= 1.15,
    )


def _memory(found: dict[str, Any] | None) -> Iterator[Point]:
    if found is None:
        return
    start, after, end, size = found["start"], found["after"], found["end"], found["size"]
    lost = f"; {found['failed']:,} requests failed" if found["failed"] else ""
    if found["peak"]:
        each = (found["peak"][0] - start) / size
        text = f"{each / KB:.1f} KB ({start / MB:.0f} MB before, {found['peak'][0] / MB:.0f} MB with all in flight)"
    else:
        each, text = float("inf"), "never were all in flight"
    yield Point(5, f"at most 40 KB a request in flight at {size:,}", text + lost, each <= 40 * KB and not lost)
    yield Point(
        5,
        "memory back within 10% of the start after the burst",
        f"{after[0] / start:.2f} times the start right after the first burst ({after[0] / MB:.0f} MB), "
        f"{end / start:.2f} times when idle connections were closed after the last ({end / MB:.0f} MB)",
        max(after[0], end) <= 1.1 * start,
    )
    yield Point(
        5,
        f"flat over {len(after)} bursts",
        f"after the last {after[-1] / after[0]:.2f} times what it was after the first; "
        + ", ".join(f"{each / MB:.0f}" for each in after)
        + " MB",
        after[-1] <= 1.1 * after[0],
    )


def _scrapes(memory: dict[str, Any] | None, found: dict[str, Any] | None) -> Iterator[Point]:
    if memory is not None:
        yield _metrics_answered(memory)
    if found is not None:
        ratio = paired_ratio(found["with"], found["without"])
        yield Point(
            6,
            "throughput with one scrape a second: at least 0.98 times that without",
            f"{times(ratio, 3)}; a scrape takes {found['cpu'] / MS:.1f} ms of processor time",
            ratio.median >= 0.98,
        )


def _metrics_answered(memory: dict[str, Any]) -> Point:
    target = f"/metrics within 100 ms with {memory['size']:,} connections open"
    if not memory["scrapes_waiting"]:
        return Point(6, target, "never were all open at once", met=False)
    waiting = spread(memory["scrapes_waiting"])
    text = f"{waiting.median / MS:.0f} ms, at worst {waiting.greatest / MS:.0f} ms"
    if memory["scrapes_working"]:
        working = spread(memory["scrapes_working"])
        text += (
            f"; while they are being accepted and answered {working.median / MS:.0f} ms, "
            f"at worst {working.greatest / MS:.0f} ms"
        )
    return Point(6, target, text, waiting.greatest <= 100 * MS)


def _start_up(found: dict[str, Any] | None) -> Iterator[Point]:
    if found is None:
        return
    for key, what, most in (("gateway", "`python -m services.gateway` ready", 0.8), ("help", "`inflight --help`", 0.3)):
        taken = spread(found[key])
        text = f"{taken.median:.2f} s ({taken.least:.2f} to {taken.greatest:.2f})"
        yield Point(7, f"{what} within {most:g} s", text, taken.median <= most)


def times(ratio: Spread, digits: int = 2) -> str:
    """Return a ratio in words: its median, and the least and greatest."""
    return f"{ratio.median:.{digits}f} times ({ratio.least:.{digits}f} to {ratio.greatest:.{digits}f})"
