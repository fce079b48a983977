"""The tables of a run: the same rows for a terminal and for Markdown."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from bench.contenders import CONTENDERS
from bench.limits import what_limits
from bench.machine import sentence
from bench.points import errs, points, rates
from bench.spread import paired_ratio, spread

HEADERS = ("", "req/s", "least to greatest", "times ours", "median", "p99", "CPU a request", "errors")
POINT_HEADERS = ("", "target", "measured", "met")

QUIET_ENOUGH = 0.05
"""The part of the machine that others may take before a run's figures are called into question."""

Rows = list[tuple[str, ...]]


def throughput(results: dict[str, Any]) -> Rows:
    """Return a row for each contender that was measured; one that erred has no rate but its errors."""
    turns = results.get("throughput", {})
    ours = turns.get("gateway")
    return [_row(each.label, turns[each.key], ours) for each in CONTENDERS if turns.get(each.key)]


def targets(results: dict[str, Any]) -> Rows:
    """Return a row for each target."""
    met = {True: "yes", False: "no", None: "-"}
    return [(str(each.number), each.target, each.measured, met[each.met]) for each in points(results)]


def notes(results: dict[str, Any]) -> list[str]:
    """Return what else a reader has to know: the machine, what limited, what failed, what was not measured."""
    machine, plan = results["machine"], results["plan"]
    said = [sentence(machine)]
    if results["others"] > QUIET_ENOUGH:
        said.append(
            f"BUSY: other programs took {results['others']:.0%} of the machine's processor time during this run. Its "
            "absolute figures say nothing, its ratios little, and no verdict above is final."
        )
    if results.get("throughput"):
        said.append(
            f"Throughput: {plan['rounds']} rounds of {plan['seconds']} s each, {plan['connections']} connections; "
            f"the upstream of all is {'nginx, from memory' if machine['nginx'] else 'our backend with DELAY=0'}."
        )
        missing = [each.label for each in CONTENDERS if each.key in results["missing"]]
        said += [f"Not measured, because nginx is not installed: {', '.join(missing)}."] if missing else []
    if results.get("bursts"):
        ceiling = results["bursts"]["ceiling"]
        said.append(
            f"The bursts' client itself needs {ceiling['client']:.2f} s for {ceiling['size']:,} at once that are "
            f"answered immediately; the lab's own sender needs {ceiling['sender']:.2f} s, so it is not used here."
        )
        limit = what_limits(4000, machine["descriptors"], machine["somaxconn"])
        said.append(
            limit or "No limit of this machine's stood in the way of 4,000 at once; its processors did the work."
        )
    return said + [f"FAILED: {part}: {reason}" for part, reason in results["failed"].items()]


def markdown(headers: tuple[str, ...], rows: Rows) -> str:
    """Return a Markdown table; all but words stands to the right."""
    right = {"req/s", "times ours", "median", "p99", "CPU a request", "errors"}
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


def _row(label: str, turns: list[dict[str, Any]], ours: list[dict[str, Any]] | None) -> tuple[str, ...]:
    wrong = errs(turns)
    rate = spread(rates(turns))
    total = sum(each["requests"] for each in turns)
    ratio = f"{paired_ratio(rates(turns), rates(ours)).median:.2f}" if ours and all(rates(ours)) else ""
    latency = [f"{spread([each[name] for each in turns]).median * 1e3:.1f} ms" for name in ("median", "p99")]
    cpu = f"{spread([each['cpu'] for each in turns]).median * 1e6:.0f} µs"
    if wrong:
        return (label, "**errs**", "", "", *latency, cpu, f"{wrong:,} of {total:,}")
    return (label, f"{rate.median:,.0f}", f"{rate.least:,.0f} to {rate.greatest:,.0f}", ratio, *latency, cpu, "0")
