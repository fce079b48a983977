"""The machine that a run ran on, in words, and how busy it was."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.contender import CONTENDERS
from bench.limits import backlog

LIBRARIES = ("fastapi", "starlette", "uvicorn", "uvloop", "httptools", "aiohttp", "httpx", "prometheus-client")


def describe(descriptors: int) -> dict[str, Any]:
    """Return what a reader of the figures has to know."""
    return {
        "processor": _processor(),
        "processors": os.process_cpu_count() if hasattr(os, "process_cpu_count") else os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "libraries": {name: version(name) for name in LIBRARIES},
        "contenders": {each.key: each.installed for each in CONTENDERS if each.distribution},
        "wrk": _said(["wrk", "-v"], r"wrk (?:debian/)?(\S+)"),
        "descriptors": descriptors,
        "somaxconn": backlog(),
        "load_before": round(os.getloadavg()[0], 2),
    }


def sentence(machine: dict[str, Any]) -> str:
    """Return the description as one line."""
    return (
        f"{machine['processors']} processors ({machine['processor']}), {machine['memory_gib']} GiB, "
        f"{machine['system']}, Python {machine['python']}, "
        f"wrk {machine['wrk'] or 'absent'}; {machine['descriptors']:,} file descriptors, "
        f"net.core.somaxconn {machine['somaxconn']}; load average before the run {machine['load_before']}"
    )


def _processor() -> str:
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        found = None
    return found[1].strip() if found else platform.machine()


def _said(argv: list[str], pattern: str) -> str | None:
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False)  # noqa: S603 - asks for a version
    except OSError:
        return None
    found = re.search(pattern, done.stdout + done.stderr)
    return found[1] if found else None
