"""One service as a real process on loopback."""

from __future__ import annotations

import asyncio
import fcntl
import os
import signal
import subprocess
import sys
import termios
import threading
from collections import deque
from collections.abc import Callable, Mapping
from http.client import HTTPException
from pathlib import Path
from time import monotonic
from urllib.request import ProxyHandler, build_opener

from inflight.terminal.errors import CommandError, reason

LOOPBACK = "127.0.0.1"
READY_WITHIN = 30.0
STOPPED_WITHIN = 5.0
POLL = 0.05
SOURCES = Path(__file__).resolve().parents[2]
"""The folder that holds `services`, so that the command works from any folder, whatever modules lie there (`-P`)."""

_DIRECT = build_opener(ProxyHandler({}))
"""Requests without the user's proxy, which has no way to this machine's loopback."""


class Service:
    """A service's process. `on_line` gets its name and each line that it prints, from a thread of its own."""

    def __init__(
        self,
        name: str,
        module: str,
        ports: tuple[int, int],
        settings: Mapping[str, str],
        on_line: Callable[[str, str], None],
    ) -> None:
        self.name = name
        self.module = module
        self.port, self.admin_port = ports
        self.url = f"http://{LOOPBACK}:{self.port}"
        self.admin_url = f"http://{LOOPBACK}:{self.admin_port}"
        self._settings = settings
        self._on_line = on_line
        self._last = deque[str](maxlen=20)
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    def start(self) -> None:
        """Start the process, in a session of its own: Ctrl-C reaches it only through `stop`."""
        ours = {"HOST": LOOPBACK, "PORT": str(self.port), "ADMIN_PORT": str(self.admin_port), "PYTHONUNBUFFERED": "1"}
        path = os.pathsep.join(filter(None, (str(SOURCES), os.environ.get("PYTHONPATH"))))
        self._process = self._spawned({**os.environ, "PYTHONPATH": path, **ours, **self._settings})
        self._reader = threading.Thread(target=self._read, name=f"{self.name} log", daemon=True)
        self._reader.start()

    async def ready(self) -> None:
        """Return when the service is ready. Raises CommandError when it ends, or is not ready in time."""
        deadline = monotonic() + READY_WITHIN
        while not await asyncio.to_thread(self._is_ready):
            if self._process is None or self._process.poll() is not None:
                await asyncio.to_thread(self._join)
                raise CommandError(f"{self.name} did not start: {' / '.join(self._last) or 'it printed nothing'}")
            if monotonic() > deadline:
                last = self._last[-1] if self._last else "none"
                raise CommandError(f"{self.name} was not ready within {READY_WITHIN:g} s; its last line: {last}")
            await asyncio.sleep(POLL)

    def stop(self) -> None:
        """Ask the process to stop; `wait` sees to it that it does."""
        if self._process is None:
            return
        self._process.terminate()

    def wait(self, within: float = STOPPED_WITHIN) -> None:
        """Return when the process has ended; one that does not end `within` seconds is killed."""
        if self._process is None:
            return
        try:
            self._process.wait(within)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._join()

    async def caught_up(self) -> None:
        """Return when what the process has printed up to now has been passed on."""
        await asyncio.sleep(2 * POLL)  # for it to write what it has just logged
        while self._unread():  # noqa: ASYNC110 - a pipe that another thread reads sends us no event
            await asyncio.sleep(POLL)
        await asyncio.sleep(POLL)  # for the reader to pass on what it has just read

    @property
    def end(self) -> str | None:
        """How the process has ended, in words that follow its name; None before that."""
        code = None if self._process is None else self._process.poll()
        if code is None:
            return None
        return f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"

    def _spawned(self, environment: dict[str, str]) -> subprocess.Popen[str]:
        try:
            return subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-P", "-m", self.module],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,
            )
        except OSError as error:
            raise CommandError(f"{self.name} cannot be started: {sys.executable}: {reason(error)}") from error

    def _is_ready(self) -> bool:
        try:
            with _DIRECT.open(f"{self.admin_url}/readyz", timeout=1) as response:
                return bool(response.status == 200)
        except (OSError, HTTPException):
            return False

    def _unread(self) -> bool:
        assert self._process is not None
        assert self._process.stdout is not None
        return any(fcntl.ioctl(self._process.stdout, termios.FIONREAD, bytes(4)))

    def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._last.append(line.rstrip())
            self._on_line(self.name, line.rstrip())

    def _join(self) -> None:
        if self._reader is not None:
            self._reader.join(STOPPED_WITHIN)
        if self._process is not None and self._process.stdout is not None:
            self._process.stdout.close()
