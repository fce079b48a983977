"""One program under measurement, as a process of its own, and what the kernel says of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from http.client import HTTPException
from pathlib import Path
from time import clock_gettime, monotonic, sleep
from types import TracebackType
from typing import Self
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener

from inflight.terminal.errors import CommandError
from services.lab.process import LOOPBACK, READY_WITHIN, SOURCES, STOPPED_WITHIN

POLL = 0.02
CPUCLOCK_SCHED = 2
"""A process's clock id is its id, inverted, and three bits for the kind of clock (Linux, posix-timers_types.h)."""

_DIRECT = build_opener(ProxyHandler({}))


class Program:
    """A program that listens on `port` of loopback. Its output goes to a file in `folder`, as a service's would.

    Nothing of the caller's environment reaches it but PATH: a benchmark is not to depend on a forgotten variable.
    """

    def __init__(self, name: str, argv: list[str], port: int, folder: Path, settings: dict[str, str]) -> None:
        self.name = name
        self.argv = argv
        self.port = port
        self.settings = settings
        self.log = folder / f"{name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Start it; `ready` waits until it responds."""
        with self.log.open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603 - the benchmark's own programs
                self.argv,
                cwd=SOURCES,
                env={"PATH": os.environ.get("PATH", os.defpath), **self.settings},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self

    def __exit__(self, _kind: type[BaseException] | None, _e: BaseException | None, _t: TracebackType | None) -> None:
        """Stop it."""
        process = self._process
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOPPED_WITHIN)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # its workers, too: they would wait for what is in flight
            process.wait()

    @property
    def url(self) -> str:
        """Where the program responds."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def pid(self) -> int:
        """The process's id. The program was started."""
        assert self._process is not None
        return self._process.pid

    def ready(self, path: str = "/task1") -> None:
        """Return when the program responds with 200. Raises CommandError when it ends, or does not in time."""
        deadline = monotonic() + READY_WITHIN
        while not _answers(f"{self.url}{path}"):
            if self._process is None or self._process.poll() is not None or monotonic() > deadline:
                last = self.log.read_text(errors="replace").strip().splitlines()[-1:]
                raise CommandError(f"{self.name} did not start: {last[0] if last else 'it said nothing'}")
            sleep(POLL)

    def cpu_seconds(self) -> float:
        """Return the processor time that the program's threads have used, its workers' included."""
        return sum(run_time(pid) for pid in (self.pid, *_children(self.pid)))

    @property
    def serving(self) -> int:
        """The id of the process that serves: the first worker of a program that has some, else its own."""
        return next(iter(_children(self.pid)), self.pid)

    @property
    def admin_url(self) -> str:
        """Where the program's admin port responds."""
        return f"http://{LOOPBACK}:{self.settings['ADMIN_PORT']}"


def resident(pid: int) -> int:
    """Return the bytes of memory that a process has resident."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def module(name: str) -> list[str]:
    """Return the command line that runs a Python module of this repository."""
    return [sys.executable, "-m", name]


def ask(url: str) -> tuple[int, bytes]:
    """Return the status and the body of a GET, whatever they are. Raises OSError or HTTPException for no response."""
    try:
        with _DIRECT.open(url, timeout=60) as response:
            return response.status, response.read()
    except HTTPError as error:
        return error.code, error.read()


def _answers(url: str) -> bool:
    try:
        return ask(url)[0] == 200
    except (OSError, HTTPException):
        return False


def run_time(pid: int) -> float:
    """Return the processor seconds of the process, its ended threads' included, to the nanosecond."""
    return clock_gettime(~pid << 3 | CPUCLOCK_SCHED)


def system_time(pid: int) -> float:
    """Return the processor seconds that the process has spent in the kernel, in steps of a clock tick (man 5 proc)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[12]) / os.sysconf("SC_CLK_TCK")


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
