"""A worker as the supervisor sees it."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from time import monotonic
from typing import Any

from inflight.run.channel import Messages, ask
from inflight.run.pulse import LOOP, PROCESS, Pulse

BEAT = 0.5
"""Seconds between two beats of a worker's process."""
SILENT = 1.0
"""Seconds without a beat after which a worker is asked nothing: nothing in it can run."""


class Worker:
    """One process that serves; `number` is its place among the workers, which its successor inherits."""

    def __init__(self, module: str, number: int, sockets: list[int], arguments: list[str]) -> None:
        """Start the process."""
        self.number = number
        self.began = monotonic()
        self.started = False
        """Whether it serves, or has served."""
        self.expected = False
        """Whether it was told to end."""
        self.killed = False
        """Whether it was killed because it did not respond."""
        self.pulse: Pulse | None = None
        self.channel, theirs = socket.socketpair()
        self._messages = Messages(self.channel)
        places = ",".join(map(str, sockets))
        with theirs:
            theirs.set_inheritable(True)
            # Descriptors that are not to be closed stay open: those of --fd are the user's.
            self.process = subprocess.Popen(  # noqa: S603 - the arguments are the user's own
                [sys.executable, "-P", "-m", module, str(theirs.fileno()), str(number), places, *arguments],
                close_fds=False,
            )

    @property
    def pid(self) -> int:
        """The process's number."""
        return self.process.pid

    def __str__(self) -> str:
        return f"worker {self.number} (pid {self.pid})"

    def messages(self) -> Iterator[tuple[dict[str, Any], list[int]]]:
        """Yield what it has said. Raises EOFError when it has closed its end."""
        return self._messages.read()

    def signal(self, number: int) -> None:
        """Send it a signal, if it is there."""
        if self.process.poll() is None:
            self.process.send_signal(number)

    def end(self) -> None:
        """Tell it to end when it has served what it has begun."""
        self.expected = True
        self.process.terminate()

    def kill(self) -> None:
        """End it at once."""
        self.killed = True
        self.process.kill()

    def stalled(self) -> float | None:
        """Return the seconds since its event loop last ran; None where it need not run."""
        return None if self.pulse is None else self.pulse.age(LOOP)

    def ran_since(self, moment: float) -> bool:
        """Return whether anything in it has run since a reading of `time.monotonic`."""
        ages = [] if self.pulse is None else [self.pulse.age(LOOP), self.pulse.age(PROCESS)]
        return any(age is not None and monotonic() - age > moment for age in ages)

    def silent(self) -> float | None:
        """Return the seconds since anything in it ran; None while it responds, and before it is asked."""
        if self.pulse is None:
            return None
        age = min((age for place in (LOOP, PROCESS) if (age := self.pulse.age(place)) is not None), default=0.0)
        return age if age > SILENT else None

    def ask(self, path: str, accept: str = "") -> socket.socket | None:
        """Ask it for a page; None where it would not respond."""
        if self.pulse is None or self.silent() is not None:
            return None
        return ask(self.channel, path, accept)
