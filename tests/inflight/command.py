"""The command as a user has it: a process of its own, with pipes for its output."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.eventually import eventually

LIMIT = 60
"""Seconds that a busy machine may take for one command."""
MARK = "INFLIGHT_TEST_RUN"
"""A variable that the command's processes inherit: by it, whatever is left of a run can be found."""
INFLIGHT = "from inflight.cli import main; main()"
LAB = "from services.lab.cli import main; main()"


class Command:
    """One run of a program, marked, so that its processes are known whatever their parent has become."""

    def __init__(self, *arguments: str, program: str) -> None:
        self.mark = f"{MARK}={os.getpid()}-{id(self)}-{' '.join(arguments)}"
        name, _, value = self.mark.partition("=")
        self.process = subprocess.Popen(
            [sys.executable, "-c", program, *arguments],
            env={**os.environ, name: value, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
        )

    def until(self, text: str) -> str:
        """Read the output until a line holds the text; return what was read."""
        assert self.process.stdout is not None
        read = ""
        for line in self.process.stdout:
            read += line
            if text in line:
                return read
        raise AssertionError(f"{text!r} was not printed, but: {read}")

    def ends(self) -> tuple[int, str, str]:
        """Wait for the end; return the exit code, and what was still to be read of output and errors."""
        output, errors = self.process.communicate(timeout=LIMIT)
        return self.process.returncode, output, errors

    def processes(self) -> set[int]:
        """Return the ids of this run's processes that are alive, without the command's own."""
        found = set()
        for environment in Path("/proc").glob("[0-9]*/environ"):
            try:
                if self.mark.encode() in environment.read_bytes().split(b"\0"):
                    found.add(int(environment.parent.name))
            except OSError:
                continue
        return found - {self.process.pid}

    def is_gone(self) -> None:
        """Fail unless every process of this run ends."""
        eventually(self.processes, set())


@contextmanager
def command(*arguments: str, program: str = INFLIGHT) -> Iterator[Command]:
    """Start the command; whatever happens to the test, nothing of it is left running."""
    run = Command(*arguments, program=program)
    try:
        yield run
    finally:
        for number in run.processes() | ({run.process.pid} if run.process.poll() is None else set()):
            os.kill(number, signal.SIGKILL)
        run.process.communicate()


def ran(*arguments: str, program: str = INFLIGHT) -> tuple[int, str, str]:
    """Run the command to its end; return exit code, output and errors."""
    with command(*arguments, program=program) as run:
        result = run.ends()
        run.is_gone()
        return result
