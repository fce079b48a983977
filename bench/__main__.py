"""`python -m bench`: everything side by side in one run; a table, a picture, the raw results."""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from http.client import HTTPException
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import SpinnerColumn, TimeRemainingColumn

from bench import bursts, cost, lab, machine, memory, scale, scrapes, start_up, watch, watchdog, wrk
from bench.contender import CONTENDERS, KEYS
from bench.cost import Plan
from bench.others import Others
from bench.report import keep, show, write
from bench.rig import Rig
from inflight.terminal.descriptors import raise_descriptors
from inflight.terminal.errors import INTERRUPTED, CommandError
from inflight.terminal.progress import progress_on

FAILURES = (CommandError, OSError, HTTPException, subprocess.SubprocessError, ValueError)
"""With which a part may end without the others' results being lost."""

PARTS = ("scale", "scrapes", "memory", "watchdog", "watch", "start_up", "lab", "bursts")
"""What is measured besides the cost of a request."""
WITHOUT_WRK = {"scrapes", "memory", "watch", "start_up", "bursts"}
DEFAULT_FOLDER = Path("runs/bench")


def main() -> int:
    """Run what the command line asks for; return the exit code."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    options = _options()
    try:
        results = _measure(Plan(options.rounds, options.connections), options.only)
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
    known = (*KEYS, *PARTS)
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=_positive, default=5, help="rounds, each with new processes (default: 5)")
    parser.add_argument("--connections", type=_positive, default=16, help="kept open by the load tool (default: 16)")
    parser.add_argument(
        "--only", type=_names, default=[*known], metavar="NAME,...", help=f"measure only these: {', '.join(known)}"
    )
    parser.add_argument("--output", type=Path, default=DEFAULT_FOLDER, help=f"folder (default: {DEFAULT_FOLDER})")
    parser.add_argument("--keep", action="store_true", help="also make this run the one that bench/README.md shows")
    options = parser.parse_args()
    if options.keep and not {*known} <= {*options.only}:
        parser.error("argument --keep: bench/README.md shows whole runs; leave --only out")
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
    if not {*only} <= WITHOUT_WRK and not wrk.installed():
        raise CommandError(wrk.MISSING)
    if sys.platform != "linux":
        raise CommandError("the benchmarks read another process's clock and /proc, so they need Linux")
    descriptors = raise_descriptors()
    results: dict[str, Any] = {
        "kind": "inflight-lab/bench/3",
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine.describe(descriptors),
        "plan": asdict(plan),
        "missing": [each.key for each in CONTENDERS if each.key in only and each.installed is None],
        "failed": {},
    }
    others = Others()
    with tempfile.TemporaryDirectory(prefix="inflight-bench-") as folder:
        parts = _parts(Rig(Path(folder), descriptors), plan, [key for key in KEYS if key in only])
        asked = [name for name in parts if name in only or (name == "cost" and {*KEYS} & {*only})]
        with progress_on(Console(stderr=True), SpinnerColumn(), TimeRemainingColumn()) as progress:
            bar = progress.add_task("starting", total=sum(parts[name][0] for name in asked))

            def say(text: str) -> None:
                progress.update(bar, description=text, advance=1)

            for name in asked:
                try:
                    results[name] = parts[name][1](say)
                except FAILURES as error:
                    results["failed"][name] = str(error) or type(error).__name__
                except KeyboardInterrupt:  # what has been measured by now is not lost
                    results["failed"][name] = "stopped"
                    break
    results["others"] = round(others.share(), 3)
    return results


def _parts(rig: Rig, plan: Plan, keys: Sequence[str]) -> dict[str, tuple[int, Callable[..., Any]]]:
    """Return each part of a run: how many steps it has, and what does it."""
    few = 2 if plan.rounds >= 5 else 1
    return {
        "cost": (cost.steps(plan, keys), partial(cost.measure, rig, plan, keys)),
        "scale": (scale.steps(few), partial(scale.measure, rig, few, plan.connections)),
        "scrapes": (scrapes.steps(), partial(scrapes.measure, rig)),
        "memory": (memory.steps(few), partial(memory.measure, rig, few)),
        "watchdog": (watchdog.steps(few), partial(watchdog.measure, rig, few, plan.connections)),
        "watch": (watch.steps(), watch.measure),
        "start_up": (start_up.steps(plan.rounds), partial(start_up.measure, rig, plan.rounds)),
        "lab": (lab.steps(few), partial(lab.measure, rig, few)),
        "bursts": (bursts.steps(few + 1), partial(bursts.measure, rig, few + 1)),
    }


if __name__ == "__main__":
    sys.exit(main())
