"""The workers of one service: started, replaced, and started again when they die."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from time import monotonic

from inflight.run.pulse import PROCESS
from inflight.run.worker_process import Worker

MODULE = "inflight.run.worker"
STEADY = 60.0
"""Seconds of life after which a worker that dies starts again with the first pause."""
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 10.0
"""Seconds between a death and the next start; each death that soon follows doubles them."""
CHECK_EVERY = 0.5
"""Seconds, as in uvicorn's own supervisor."""


def say(text: str) -> None:
    """Print a line of the supervisor's."""
    print(f"inflight: {text}", file=sys.stderr, flush=True)


class Crew:
    """Keeps up as many workers as the service is to have."""

    def __init__(
        self, arguments: list[str], on_start: Callable[[Worker], object], on_end: Callable[[Worker], object]
    ) -> None:
        self.workers: list[Worker] = []
        self.sockets: list[int] = []
        """Descriptors of the listening sockets, which every worker inherits."""
        self.reload = False
        """Whether a worker that died waits for a change of the files."""
        self.several = False
        """Whether the service may have more than one."""
        self.healthcheck = 0.0
        """Seconds without a sign of life after which one of several is killed."""
        self.exit_status: int | None = None
        """That of the worker with which the service ends; None where it does not end by itself."""
        self.stopping = False
        self._arguments = arguments
        self._on_start = on_start
        self._on_end = on_end
        self._due: dict[int, float] = {}
        """When the worker of a number is to be started again."""
        self._deaths: dict[int, int] = {}
        self._outgoing: list[Worker] = []
        """Those that a successor is to replace. That of the first is starting, whether or not the first still lives."""
        self._once_more = False
        """Whether all are to be replaced again when that is done."""

    def start(self, number: int) -> Worker:
        """Start the worker of a number."""
        self._due.pop(number, None)
        worker = Worker(MODULE, number, self.sockets, self._arguments)
        self.workers.append(worker)
        self._on_start(worker)
        return worker

    def grow(self) -> None:
        """Start one more."""
        self.start(max((worker.number for worker in self.workers), default=0) + 1)

    def shrink(self) -> None:
        """End the one with the highest number, and its successor; but not the only one."""
        staying = [worker for worker in self.workers if not worker.expected]
        numbers = sorted({worker.number for worker in staying})
        if len(numbers) < 2:  # the only one stays; at times none lives at this moment
            return
        for worker in staying:
            if worker.number == numbers[-1]:
                worker.end()
        replacing = self._outgoing[:1]
        self._outgoing = [worker for worker in self._outgoing if worker.number != numbers[-1]]
        if replacing != self._outgoing[:1]:
            self._replace_next()

    def stop(self, number: int) -> None:
        """Pass on a signal that ends the service."""
        self.stopping = True
        self._due.clear()
        for descriptor in self.sockets:
            os.close(descriptor)  # or the kernel would go on to take connections that nobody will accept
        self.sockets.clear()
        for worker in self.workers:
            worker.expected = True
            worker.signal(number)

    def replace(self) -> None:
        """Replace all workers, one after the other: a successor serves before its predecessor is told to end."""
        if self._outgoing:
            self._once_more = True
            return
        self._outgoing = [worker for worker in self.workers if not worker.expected]
        self._replace_next()

    def reloaded(self) -> None:
        """Replace the worker by one that has the files as they are now."""
        for worker in self.workers:
            worker.end()
        if not self.workers:
            self.start(1)

    def started(self, worker: Worker) -> None:
        """Note that a worker serves."""
        worker.started = True
        if self._outgoing and worker.number == self._outgoing[0].number and worker is not self._outgoing[0]:
            self._outgoing.pop(0).end()
            self._replace_next()

    def tend(self) -> float | None:
        """Bury the dead, start what is due. Returns the seconds until there is more to do; None where there is not."""
        for worker in [each for each in self.workers if each.process.poll() is not None]:
            self.workers.remove(worker)
            self._on_end(worker)
            self._bury(worker)
        if self.stopping:
            return None
        now = monotonic()
        for number in [number for number, due in self._due.items() if due <= now]:
            self.start(number)
        waits = [due - now for due in self._due.values()]
        if self.several:
            self._check_health()
            waits.append(CHECK_EVERY)
        return min(waits, default=None)

    def _check_health(self) -> None:
        for worker in self.workers:
            age = None if worker.pulse is None else worker.pulse.age(PROCESS)
            if age is not None and age > self.healthcheck and not worker.expected:
                say(f"{worker} has not responded for {age:.1f} s, so it is killed (--timeout-worker-healthcheck)")
                worker.process.kill()

    def _replace_next(self) -> None:
        if self._outgoing and not self.stopping:
            self.start(self._outgoing[0].number)
        elif self._once_more:
            self._once_more = False
            self.replace()

    def _bury(self, worker: Worker) -> None:
        status = worker.process.returncode
        if self.stopping:
            self.exit_status = status if self.exit_status is None else self.exit_status
        elif worker.expected:
            if self.reload:
                self.start(worker.number)
        elif worker in self._outgoing[:1]:
            say(f"{worker} {_how(status)}; its successor is starting")
        elif worker in self._outgoing:
            self._outgoing.remove(worker)  # the one that is started for it is as new as a successor
            self._again(worker, status)
        elif self._outgoing and worker.number == self._outgoing[0].number:
            self._give_up(worker, status)
        elif self.reload:
            say(f"{worker} {_how(status)}; waiting for a change of the files")
        elif not worker.started or (status == 0 and not self.several):
            self.exit_status = status
        else:
            self._again(worker, status)

    def _give_up(self, successor: Worker, status: int) -> None:
        """Replace nobody any more: a successor has ended before it served."""
        predecessor = self._outgoing[0]
        self._outgoing.clear()
        self._once_more = False
        if predecessor in self.workers:
            say(f"{successor} {_how(status)} before it served, so its predecessor stays")
        else:
            self._again(successor, status)

    def _again(self, worker: Worker, status: int) -> None:
        lived = monotonic() - worker.began
        deaths = 0 if lived > STEADY or status == 0 else self._deaths.get(worker.number, 0) + 1
        self._deaths[worker.number] = deaths
        pause = min(FIRST_PAUSE * 2 ** (deaths - 1), LONGEST_PAUSE) if deaths else 0.0
        self._due[worker.number] = monotonic() + pause
        later = f" in {pause:.1f} s" if pause > 1 else ""
        say(f"{worker} {_how(status)}; starting another{later}")


def _how(status: int) -> str:
    """Return how a process ended, in words."""
    return f"ended with status {status}" if status >= 0 else f"was killed by {signal.Signals(-status).name}"
