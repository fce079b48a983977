"""What the telemetry must show: each goal, what a run measured, and whether it was met."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from bench.contender import CONTENDERS, EXPORTERS, OURS, PLAIN
from bench.scale import SITUATIONS
from bench.spread import Spread, paired_difference, paired_ratio, spread

US, MS, KB, MB = 1e-6, 1e-3, 1024, 1e6


@dataclass(frozen=True, slots=True)
class Goal:
    """One goal. `met` is None for a figure that is only stated."""

    number: int
    goal: str
    measured: str
    met: bool | None


def goals(results: dict[str, Any]) -> list[Goal]:
    """Return the goals that the run has figures for; `results` is the run as its JSON holds it."""
    return [goal for part, judge in JUDGES.items() if results.get(part) for goal in judge(results[part])]


def wrong(turns: list[dict[str, Any]]) -> int:
    """Return how many requests of all turns went wrong."""
    return int(sum(each["errors"] for each in turns))


def added(found: dict[str, Any], key: str, route: str) -> Spread | None:
    """Return what a contender adds to a request, in seconds, turn by turn; None where it cannot be told."""
    turns, plain = found.get(key, {}).get(route), found.get(PLAIN, {}).get(route)
    if key == PLAIN or not turns or not plain or wrong(turns) or wrong(plain):
        return None
    return paired_difference([each["cpu"] for each in turns], [each["plain"] for each in turns])


def _cost(found: dict[str, Any]) -> Iterator[Goal]:
    for route, micros in (("async", 12), ("def", 25), ("aiohttp", 25), ("httpx", 30)):
        price = added(found, OURS, route)
        if price is not None:
            yield Goal(1, f"{route}: at most +{micros} µs", _micros(price), price.median <= micros * US)
    prices = {key: price.median for key in EXPORTERS if (price := added(found, key, "async")) is not None}
    if prices:
        cheapest = min(prices, key=prices.__getitem__)
        yield from _share(found, cheapest, 0.3, "async")
        yield from _share(found, "opentelemetry", 0.1, "async")
        yield from _share(found, cheapest, 0.5, "def")
    for key in ("empty", "prototype"):
        both = [(route, added(found, key, route)) for route in ("async", "def")]
        text = ", ".join(f"{route} {_micros(price)}" for route, price in both if price is not None)
        if text:
            yield Goal(6, f"the limit: {_label(key)}", text, None)


def _share(found: dict[str, Any], key: str, most: float, route: str) -> Iterator[Goal]:
    ours, other = added(found, OURS, route), added(found, key, route)
    if ours is None or other is None or other.median <= 0:
        return
    share = ours.median / other.median
    goal = f"{route}: at most {most:g} of what {_label(key)} adds"
    yield Goal(1, goal, f"{share:.2f} ({ours.median / US:+.0f} of {other.median / US:+.0f} µs)", share <= most)


def _scale(found: dict[str, Any]) -> Iterator[Goal]:
    base = found[SITUATIONS[0]]
    few = paired_ratio(base[OURS], base[PLAIN]).median
    yield Goal(2, f"with {SITUATIONS[0]}", _price(base), None)
    for situation in SITUATIONS[1:]:
        turns = found[situation]
        grown = paired_ratio(turns[OURS], turns[PLAIN]).median / few
        goal = f"with {situation}: times the plain service's request as with {SITUATIONS[0]}, within 10%"
        yield Goal(2, goal, f"{grown:.2f} of it; {_price(turns)}", grown <= 1.1)


def _price(turns: dict[str, list[float]]) -> str:
    ratio, price = paired_ratio(turns[OURS], turns[PLAIN]), paired_difference(turns[OURS], turns[PLAIN])
    return f"{ratio.median:.2f} times the plain one's {spread(turns[PLAIN]).median / US:.0f} µs, {_micros(price)}"


def _scrapes(found: dict[str, Any]) -> Iterator[Goal]:
    count = f"{found['in_flight']:,} in flight"
    metrics, requests = spread(found["metrics"]), spread(found["requests"])
    stall, quiet = spread(found["stall"]), spread(found["no_stall"])
    yield Goal(3, f"a scrape with {count} below 50 ms", _millis(metrics), metrics.median < 50 * MS)
    text = f"{_millis(stall)}; without a scrape {_millis(quiet)}"
    yield Goal(3, f"the event loop's stall of a scrape with {count} below 5 ms", text, stall.median < 5 * MS)
    yield Goal(3, f"/requests with {count} below 100 ms", _millis(requests), requests.median < 100 * MS)


def _watchdog(found: dict[str, Any]) -> Iterator[Goal]:
    for name, most in (("idle", 0.005), ("busy", 0.005), ("blocked", 0.03)):
        share = spread(found[name])
        text = f"{share.median:.2%} ({share.least:.2%} to {share.greatest:.2%})"
        yield Goal(3, f"all threads but the loop's, {name}: below {most:.1%} of a core", text, share.median < most)


def _memory(found: dict[str, Any]) -> Iterator[Goal]:
    count = found["in_flight"]
    grown = {
        key: spread([(each["peak"][0] - each["start"]) / count / KB for each in found[key]]) for key in (PLAIN, OURS)
    }
    left = {
        key: spread([(each["after"][-1] - each["after"][0]) / count / KB for each in found[key]])
        for key in (PLAIN, OURS)
    }
    each, kept = grown[OURS].median - grown[PLAIN].median, left[OURS].median - left[PLAIN].median
    text = f"{each:.2f} KB ({grown[OURS].median:.2f} with it, {grown[PLAIN].median:.2f} without)"
    yield Goal(4, f"at most 1.5 KB a request with {count:,} in flight", text, each <= 1.5)
    yield Goal(
        4,
        "nothing left: growth from the first time to the second, a request",
        f"{kept:.2f} KB ({left[OURS].median:.2f} with it, {left[PLAIN].median:.2f} without)",
        kept <= 0.1,
    )
    supervisor = spread(found["supervisor"]).median
    yield Goal(4, "the supervisor at most 25 MB", f"{supervisor / MB:.1f} MB", supervisor <= 25 * MB)


def _watch(found: dict[str, Any]) -> Iterator[Goal]:
    seconds, what = spread(found["seconds"]), f"`inflight watch` beside {found['connections']:,} connections"
    text = (
        f"{_millis(seconds)}; of {found['cpu'] / MS:.1f} ms of processor time {found['kernel'] / MS:.1f} in the kernel"
    )
    yield Goal(3, f"{what}: a scrape below 30 ms", text, seconds.median < 30 * MS)
    yield Goal(4, f"{what}: at most 20 MB", f"{found['memory'] / MB:.1f} MB resident", found["memory"] <= 20 * MB)


def _start_up(found: dict[str, Any]) -> Iterator[Goal]:
    for key, what, most in (("gateway", "`python -m services.gateway` ready", 0.8), ("help", "`inflight --help`", 0.3)):
        taken = spread(found[key])
        yield Goal(5, f"{what} within {most:g} s", _seconds(taken), taken.median <= most)
    later = paired_difference(found["inflight"], found["uvicorn"])
    text = f"{_seconds(later)} after uvicorn's {spread(found['uvicorn']).median:.2f} s"
    yield Goal(5, "`inflight run` of an empty application within 0.3 s of uvicorn", text, later.median <= 0.3)


def _lab(found: dict[str, Any]) -> Iterator[Goal]:
    ours = found["gateway"]
    for key, name, least in (("instrumentator", "aiohttp + instrumentator", 1.25), ("plain", "httpx", 10)):
        ratio = paired_ratio([each["rate"] for each in ours], [each["rate"] for each in found[key]])
        errors = f"; {wrong(ours):,} requests went wrong" if wrong(ours) else ""
        goal = f"async-gateway: at least {least:g} times the throughput of FastAPI + {name}"
        yield Goal(5, goal, times(ratio) + errors, ratio.median >= least and not errors)


def _bursts(found: dict[str, Any]) -> Iterator[Goal]:
    for size, most in (("1000", 1.25), ("4000", 1.45)):
        gateway, backend = found["gateway"][size], found["backend"][size]
        ratio = paired_ratio([each["seconds"] for each in gateway], [each["seconds"] for each in backend])
        lost = sum((Counter(each["outcomes"]) for each in gateway), Counter[str]())
        lost.pop("200", None)
        how = f" ({', '.join(f'{outcome}: {count:,}' for outcome, count in lost.items())})" if lost else ""
        alone = spread([each["seconds"] for each in backend]).median
        yield Goal(
            5,
            f"{int(size):,} at once, D = {found['delay']:g} s: at most {most:g} times the backend alone; nobody lost",
            f"{times(ratio)} (backend {alone:.2f} s); {lost.total():,} of {len(gateway) * int(size):,} lost{how}",
            ratio.median <= most and not lost,
        )


JUDGES: dict[str, Callable[[Any], Iterator[Goal]]] = {
    "cost": _cost,
    "scale": _scale,
    "scrapes": _scrapes,
    "watchdog": _watchdog,
    "memory": _memory,
    "watch": _watch,
    "start_up": _start_up,
    "lab": _lab,
    "bursts": _bursts,
}


def times(ratio: Spread) -> str:
    """Return a ratio in words: its median, and the least and greatest."""
    return f"{ratio.median:.2f} times ({ratio.least:.2f} to {ratio.greatest:.2f})"


def _label(key: str) -> str:
    return next(each.label for each in CONTENDERS if each.key == key)


def _micros(value: Spread) -> str:
    return f"{value.median / US:+.0f} µs ({value.least / US:+.0f} to {value.greatest / US:+.0f})"


def _millis(value: Spread) -> str:
    return f"{value.median / MS:.1f} ms ({value.least / MS:.1f} to {value.greatest / MS:.1f})"


def _seconds(value: Spread) -> str:
    return f"{value.median:.2f} s ({value.least:.2f} to {value.greatest:.2f})"
