"""`python -m bench`: everything side by side in one run; a table, a picture, the raw results."""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from http.client import HTTPException
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import SpinnerColumn, TimeRemainingColumn

from bench import bursts, cost, machine, memory, scrapes, start_up, throughput, wrk
from bench.contenders import KEYS, Rig
from bench.others import Others
from bench.report import keep, show, write
from bench.throughput import Plan, Say
from inflight.terminal.descriptors import raise_descriptors
from inflight.terminal.errors import INTERRUPTED, CommandError
from inflight.terminal.progress import progress_on

FAILURES = (CommandError, OSError, HTTPException, subprocess.SubprocessError, AssertionError)
"""With which a part may end without the others' results being lost."""

PARTS = ("bursts", "cost", "memory", "scrapes", "start_up")
"""What is measured besides throughput."""
BURST_ROUNDS, COST_ROUNDS = 4, 2
DEFAULT_FOLDER = Path("runs/bench")


def main() -> int:
    """Run what the command line asks for; return the exit code."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    options = _options()
    try:
        results = _measure(Plan(options.rounds, options.seconds, options.connections), options.only)
        files = write(results, options.output)
        show(results, files)
        if options.keep:
            keep(results)
    except CommandError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return INTERRUPTED
    return 1 if results["failed"] else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--rounds", type=_positive, default=7, help="rounds of throughput, scrapes and start-up (default: 7)"
    )
    parser.add_argument(
        "--seconds", type=_positive, default=2, help="of load for each in each round, one at a time (default: 2)"
    )
    parser.add_argument("--connections", type=_positive, default=64, help="kept open by the load tool (default: 64)")
    parser.add_argument(
        "--only",
        type=_names,
        default=[*KEYS, *PARTS],
        metavar="NAME,...",
        help=f"measure only these: {', '.join((*KEYS, *PARTS))}; `--bursts` is all but throughput",
    )
    parser.add_argument("--bursts", dest="only", action="store_const", const=list(PARTS), help="no throughput")
    parser.add_argument("--output", type=Path, default=DEFAULT_FOLDER, help=f"folder (default: {DEFAULT_FOLDER})")
    parser.add_argument("--keep", action="store_true", help="also make this run the one that bench/README.md shows")
    options = parser.parse_args()
    if options.keep and not {*KEYS, *PARTS} <= {*options.only}:
        parser.error("argument --keep: bench/README.md shows whole runs; leave --only and --bursts out")
    return options


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return int(text)


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",")]
    unknown = [name for name in names if name not in (*KEYS, *PARTS)]
    if unknown:
        raise argparse.ArgumentTypeError(f"unknown: {', '.join(unknown)}; known: {', '.join((*KEYS, *PARTS))}")
    return names


def _measure(plan: Plan, only: Sequence[str]) -> dict[str, Any]:
    """Return the whole run as its JSON holds it. A part that fails is named with its reason; the others go on."""
    rows = [key for key in KEYS if key in only]
    if (rows or "scrapes" in only) and not wrk.installed():
        raise CommandError(wrk.MISSING)
    if sys.platform != "linux":
        raise CommandError("the benchmarks read another process's clock and /proc, so they need Linux")
    descriptors = raise_descriptors()
    results: dict[str, Any] = {
        "kind": "inflight-lab/bench/1",
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine.describe(descriptors),
        "plan": asdict(plan),
        "failed": {},
    }
    others = Others()
    with tempfile.TemporaryDirectory(prefix="inflight-bench-") as folder:
        rig = Rig(Path(folder), descriptors)
        parts = _parts(rig, plan, rows)
        asked = [name for name in parts if name in only or (name == "throughput" and rows)]
        progress = progress_on(Console(stderr=True), SpinnerColumn(), TimeRemainingColumn())
        with progress:
            bar = progress.add_task("starting", total=sum(parts[name][0] for name in asked))

            def say(text: str) -> None:
                progress.update(bar, description=text, advance=1)

            for name in asked:
                try:
                    results[name] = parts[name][1](say)
                except FAILURES as error:
                    results["failed"][name] = str(error) or type(error).__name__
    results["missing"] = [key for key in rows if key not in results.get("throughput", rows)]
    results["others"] = round(others.share(), 3)
    return results


def _parts(rig: Rig, plan: Plan, rows: Sequence[str]) -> dict[str, tuple[int, Any]]:
    """Return each part of a run: how many steps it has, and what does it."""

    def turns(say: Say) -> dict[str, Any]:
        found = throughput.measure(rig, plan, rows, say)
        return {key: [asdict(each) for each in measured] for key, measured in found.items()}

    return {
        "throughput": (throughput.steps(plan, rows), turns),
        "bursts": (bursts.steps(BURST_ROUNDS), partial(bursts.measure, rig, BURST_ROUNDS)),
        "cost": (cost.steps(COST_ROUNDS), partial(cost.measure, rig, COST_ROUNDS)),
        "memory": (memory.steps(), partial(memory.measure, rig)),
        "scrapes": (
            scrapes.steps(plan.rounds),
            partial(scrapes.measure, rig, plan.rounds, plan.seconds, plan.connections),
        ),
        "start_up": (start_up.steps(plan.rounds), partial(start_up.measure, rig, plan.rounds)),
    }


if __name__ == "__main__":
    sys.exit(main())
