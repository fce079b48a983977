# ruff: noqa: INP001 - a script, copied into an image alone
"""Runs a program, and its new code whenever a file of it is saved: the entry point of the images' dev target.

usage: python /reload.py MODULE, in a directory that may be written; the code is copied there first.
The libraries are loaded once and every run is a fork, so that a new run takes a fraction of a start.
"""

from __future__ import annotations

import os
import runpy
import shutil
import signal
import sys
import time
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import NoReturn

SEED = Path("/seed")
CODE = ("services", "inflight")
LIBRARIES = (
    "aiohttp",
    "fastapi",
    "prometheus_client.core",
    "pydantic_settings",
    "requests",
    "uvicorn.protocols.http.httptools_impl",
    "uvloop",
)
POLL = 0.1
"""Seconds between two looks at some hundred files."""


def saved() -> dict[Path, int]:
    """Return when each file of the code was saved."""
    return {path: path.stat().st_mtime_ns for top in CODE for path in Path(top).rglob("*.py")}


def start(module: str) -> int:
    """Run the program in a process of its own and return its number."""
    child = os.fork()
    if child:
        return child
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    sys.argv = [module]
    runpy.run_module(module, run_name="__main__", alter_sys=True)
    sys.exit()


def main(module: str) -> NoReturn:
    """Run the program until SIGTERM, which it is told of too."""
    if not Path(CODE[0]).exists():
        for top in CODE:
            shutil.copytree(SEED / top, top)
        print(
            "reload: this pod is new and runs the image's code; what was saved since is here when it is saved again",
            flush=True,
        )
    for name in LIBRARIES:
        with suppress(ModuleNotFoundError):  # the backend's image has no HTTP client
            import_module(name)
    sys.path.insert(0, str(Path.cwd()))
    seen = saved()
    child = start(module)

    def stop(number: int, _frame: FrameType | None) -> NoReturn:
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(child, number)
            os.waitpid(child, 0)
        sys.exit()

    signal.signal(signal.SIGTERM, stop)
    while True:
        time.sleep(POLL)
        with suppress(ChildProcessError):  # one that ended, of a mistake in its code, waits for the next save
            os.waitpid(child, os.WNOHANG)
        try:
            now = saved()
        except FileNotFoundError:  # deleted while it was looked at: the next look tells
            continue
        if now != seen:
            print("reload: the code was saved", flush=True)
            with suppress(ProcessLookupError, ChildProcessError):
                os.kill(child, signal.SIGKILL)  # at once: what is under way while code is saved is lost
                os.waitpid(child, 0)
            seen, child = now, start(module)  # what the program raises ends the fork, and is caught nowhere


if __name__ == "__main__":
    main(sys.argv[1])
