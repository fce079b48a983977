"""The workers of one service: started, replaced, and started again when they die."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
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
STOOD_STILL = CHECK_EVERY + 1.0
"""Seconds between two checks beyond which the supervisor itself did not run."""
STARTUP_FAILURE = 3
"""The status of a worker that uvicorn has found unable to start; another one would be, too."""


def say(text: str) -> None:
    """Print a line of the supervisor's, if that is possible: the service outlives who reads it, and a full disk."""
    with suppress(OSError):
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
        self._served = False
        """Whether any worker has ever served."""
        self._passed_on: set[int] = set()
        """The signals that workers were passed."""
        self._checked = 0.0
        """When the health of the workers was last checked."""
        self._awake_since = 0.0
        """When the supervisor last began to run without a gap."""

    def start(self, number: int) -> Worker:
        """Start the worker of a number."""
        self._due.pop(number, None)
        worker = Worker(MODULE, number, self.sockets, self._arguments)
        self.workers.append(worker)
        self._on_start(worker)
        return worker

    def grow(self) -> None:
        """Start one more."""
        if self.stopping:
            return  # it would open the port again
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
        if self.exit_status is None and (self.several or self.reload):
            self.exit_status = 0  # uvicorn's supervisor does not die of the signal, either
        self._due.clear()
        for descriptor in self.sockets:
            os.close(descriptor)  # or the kernel would go on to take connections that nobody will accept
        self.sockets.clear()
        for worker in self.workers:
            worker.expected = True
            worker.signal(number)

    def pass_on(self, number: int) -> None:
        """Pass on a signal that is the application's to heed; where it does not, the service ends, as uvicorn does."""
        self._passed_on.add(number)
        for worker in self.workers:
            worker.signal(number)
        if not self.workers and number != signal.SIGWINCH:  # of which nobody dies
            self.exit_status = -number

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
        worker.started = self._served = True
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
            self._check_health(now)
            waits.append(CHECK_EVERY)
        return min(waits, default=None)

    def _check_health(self, now: float) -> None:
        if now - self._checked > STOOD_STILL:
            self._awake_since = now  # whatever stopped the supervisor (SIGSTOP, docker pause) stopped the workers, too
        self._checked = now
        for worker in self.workers:
            if worker.pulse is None or worker.expected or worker.killed:
                continue
            silent = min(worker.pulse.age(PROCESS) or 0.0, now - self._awake_since)
            if silent > self.healthcheck:
                say(f"{worker} has not responded for {silent:.1f} s, so it is killed (--timeout-worker-healthcheck)")
                worker.kill()

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
        elif -status in self._passed_on:
            self._end(worker, status)
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
        elif self._is_final(worker, status):
            self._end(worker, status)
        else:
            self._again(worker, status)

    def _is_final(self, worker: Worker, status: int) -> bool:
        """Return whether the service is to end with a worker. Of several that serve, one may be killed as it starts."""
        if not self.several:
            return status == 0 or not worker.started
        return not worker.started and (status == STARTUP_FAILURE or not self._served)

    def _end(self, worker: Worker, status: int) -> None:
        if self.several or status < 0:  # else uvicorn has said why
            say(f"{worker} {_how(status)}; the service ends")
        self.exit_status = status

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
        well = worker.started and (lived > STEADY or status == 0)
        deaths = 0 if well else self._deaths.get(worker.number, 0) + 1
        self._deaths[worker.number] = deaths
        pause = min(FIRST_PAUSE * 2 ** (deaths - 1), LONGEST_PAUSE) if deaths else 0.0
        self._due[worker.number] = monotonic() + pause
        later = f" in {pause:.1f} s" if pause > 1 else ""
        say(f"{worker} {_how(status)}; starting another{later}")


def _how(status: int) -> str:
    """Return how a process ended, in words."""
    return f"ended with status {status}" if status >= 0 else f"was killed by {signal.Signals(-status).name}"
