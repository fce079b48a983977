"""The tables of a run: the same rows for a terminal and for Markdown."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from bench.contender import CONTENDERS, PLAIN, ROUTES
from bench.goals import added, goals, wrong
from bench.limits import what_limits
from bench.machine import sentence
from bench.spread import spread

HEADERS = ("", *ROUTES.values(), "times, async def", "errors")
GOAL_HEADERS = ("", "goal", "measured", "met")

QUIET_ENOUGH = 0.05
"""The part of the machine that others may take before a run's figures are called into question."""

Rows = list[tuple[str, ...]]


def cost(results: dict[str, Any]) -> Rows:
    """Return a row for each contender that was measured; where it erred it has no figure but its errors."""
    found = results.get("cost", {})
    return [_row(each.label, each.key, found) for each in CONTENDERS if found.get(each.key)]


def judged(results: dict[str, Any]) -> Rows:
    """Return a row for each goal."""
    doubt = "?" if results["others"] > QUIET_ENOUGH else ""
    met = {True: f"met{doubt}", False: f"**not met**{doubt}", None: "-"}
    return [(str(each.number), each.goal, each.measured, met[each.met]) for each in goals(results)]


def notes(results: dict[str, Any]) -> list[str]:
    """Return what else a reader has to know: the machine, what limited, what failed, what was not measured."""
    machine, plan = results["machine"], results["plan"]
    said = [sentence(machine)]
    if results["others"] > QUIET_ENOUGH:
        said.append(
            f"BUSY: other programs took {results['others']:.0%} of the machine's processor time during this run. Its "
            "absolute figures say nothing, its ratios little, and no verdict above is final."
        )
    if results.get("cost"):
        said.append(
            f"Processor time a request, microseconds: {plan['rounds']} rounds of a second, new processes in each; "
            f"{plan['connections']} connections. What each adds is the median of its differences to the plain "
            "service's turn just before."
        )
        versions = [f"{key} {text}" for key, text in {**machine["contenders"], **machine["libraries"]}.items() if text]
        said.append(f"Versions: {', '.join(versions)}.")
    missing = [each.label for each in CONTENDERS if each.key in results["missing"]]
    said += [f"Not measured, because it is not installed: {', '.join(missing)}."] if missing else []
    if results.get("bursts"):
        said.append(
            f"The bursts' client itself needs {results['bursts']['ceiling']:.2f} s for 4,000 at once that are served "
            "immediately."
        )
        limit = what_limits(4000, machine["descriptors"], machine["somaxconn"])
        said += [limit] if limit else []
    joined = [f"{part} (others took {share:.0%})" for part, share in results.get("joined", {}).items()]
    said += [f"From runs of their own just before: {', '.join(joined)}."] if joined else []
    return said + [f"FAILED: {part}: {reason}" for part, reason in results["failed"].items()]


def markdown(headers: tuple[str, ...], rows: Rows) -> str:
    """Return a Markdown table; figures stand to the right."""
    right = {*HEADERS[1:]}
    lines = [headers, tuple("--:" if header in right else "---" for header in headers), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def terminal(title: str, headers: tuple[str, ...], rows: Rows) -> Table:
    """Return the table for a terminal."""
    table = Table(title=title, title_justify="left")
    for header in headers:
        table.add_column(header, overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def _row(label: str, key: str, found: dict[str, Any]) -> tuple[str, ...]:
    routes = found[key]
    cells = [_cell(key, route, routes, found) for route in ROUTES]
    errors = sum(wrong(turns) for turns in routes.values())
    total = sum(each["requests"] for turns in routes.values() for each in turns)
    return (label, *cells, _times(key, found), f"{errors:,} of {total:,.0f}" if errors else "0")


def _times(key: str, found: dict[str, Any]) -> str:
    """Return how many times the plain service's `async def` request it costs."""
    price = added(found, key, "async")
    if price is None:
        return "1.00" if key == PLAIN else ""
    return f"{1 + price.median / spread([each['cpu'] for each in found[PLAIN]['async']]).median:.2f}"


def _cell(key: str, route: str, routes: dict[str, Any], found: dict[str, Any]) -> str:
    """Return what a contender adds, and between which bounds; of the plain service, what the request costs."""
    turns = routes.get(route)
    if not turns:
        return ""
    if wrong(turns):
        return "**errs**"
    price = added(found, key, route)
    if price is None:
        each = spread([turn["cpu"] for turn in turns])
        return f"{each.median * 1e6:.0f} ({each.least * 1e6:.0f} to {each.greatest * 1e6:.0f})"
    return f"{price.median * 1e6:+.0f} ({price.least * 1e6:+.0f} to {price.greatest * 1e6:+.0f})"
