"""A service as a process forked from one that has imported everything: half a second less for each of many starts.

What runs is the same module with the same environment. That `python -m` starts it is shown by the tests of the command
and of the images.
"""

from __future__ import annotations

import atexit
import os
import runpy
import subprocess
import sys
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import cast

from services.lab.process import Service

_CONTEXT = get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    [
        "tests.forked",
        "services.serving.start",
        "services.backend.app",
        "services.gateway.app",
        "services.gateway.sync",
        "services.gateway.threadpool",
        "services.gateway.asynchronous",
        "inflight.send.sender",
        "uvicorn.protocols.http.httptools_impl",
        "uvicorn.lifespan.on",
        "uvloop",
    ]
)


class Forked(Service):
    """A service's process that is started quickly."""

    def _spawned(self, environment: dict[str, str]) -> subprocess.Popen[str]:
        return cast("subprocess.Popen[str]", ForkedProcess(self.module, environment))


class ForkedProcess:
    """What `Service` and the tests use of a `subprocess.Popen`."""

    def __init__(self, module: str, environment: dict[str, str]) -> None:
        output, written = _CONTEXT.Pipe(duplex=False)
        with written:
            self._process = _CONTEXT.Process(target=_run, args=(module, environment, written))
            self._process.start()
        with output:
            self.stdout = os.fdopen(os.dup(output.fileno()), errors="replace")
        assert self._process.pid is not None
        self.pid = self._process.pid

    def poll(self) -> int | None:
        """Return the exit code, minus the number of the signal that ended it, or None while it runs."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code when the process has ended; raise TimeoutExpired when it does not in time."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired(self._process.name, timeout or 0)
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to stop."""
        if self.poll() is None:
            self._process.terminate()

    def kill(self) -> None:
        """End it."""
        self._process.kill()


def _run(module: str, environment: dict[str, str], written: Connection) -> None:
    os.setsid()
    os.environ.clear()
    os.environ.update(environment)
    with written, open(os.devnull) as nothing:  # noqa: PTH123 - as short as it gets
        for number, source in enumerate((nothing.fileno(), written.fileno(), written.fileno())):
            os.dup2(source, number)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, write_through=True)  # type: ignore[union-attr]
    sys.argv = [module]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:
        atexit._run_exitfuncs()  # multiprocessing leaves them out; logging writes its last lines there
