"""Faults injected at random into a running backend: killed, restarted, stopped in the middle."""

from __future__ import annotations

import asyncio
import random
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Self

from services.lab.process import Service

PAUSE = (0.5, 2.5)
"""Seconds from one fault's end to the next."""
GONE = (0.05, 0.8)
FROZEN = (0.1, 1.5)

WORST = FROZEN[1] + GONE[1] + 2 * PAUSE[0] + 3.0
"""Seconds within which the longest faults have been: two pauses, and the time that the backend takes to start."""


@contextmanager
def frozen(service: Service) -> Iterator[None]:
    """Have the service do nothing inside the block; the kernel goes on accepting for it."""
    assert service._process is not None
    service._process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        service._process.send_signal(signal.SIGCONT)


class Weather(threading.Thread):
    """Injects faults until told that it is over, and leaves the backend well; `faults` counts them by kind.

    For `worst_for` seconds, and at least once, the longest freeze and the longest absence take turns, as close together
    as they ever come: what a service takes for that is not growth later.
    """

    def __init__(self, backend: Service, seed: int, worst_for: float) -> None:
        super().__init__(name="weather")
        self.backend = backend
        self._worst_for = worst_for
        self.faults: Counter[str] = Counter()
        self._chance = random.Random(seed)
        self._over = threading.Event()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        self.join()

    def run(self) -> None:
        self._be_the_worst()
        while not self._over.wait(self._chance.uniform(*PAUSE)):
            fault = self._chance.choice(("killed", "restarted", "frozen"))
            self.faults[fault] += 1
            if fault == "frozen":
                self._freeze(self._chance.uniform(*FROZEN))
            else:
                number = signal.SIGKILL if fault == "killed" else signal.SIGTERM
                self._restart(number, self._chance.uniform(*GONE))

    def _be_the_worst(self) -> None:
        until = monotonic() + self._worst_for
        while True:
            self._over.wait(PAUSE[0])
            self._freeze(FROZEN[1])
            self._over.wait(PAUSE[0])
            self._restart(signal.SIGKILL, GONE[1])
            self.faults.update(("frozen", "killed"))
            if self._over.is_set() or monotonic() >= until:
                return

    def _freeze(self, seconds: float) -> None:
        with frozen(self.backend):
            self._over.wait(seconds)

    def _restart(self, number: signal.Signals, gone: float) -> None:
        assert self.backend._process is not None
        self.backend._process.send_signal(number)
        self.backend.wait()
        self._over.wait(gone)
        self.backend.start()
        asyncio.run(self.backend.ready())
