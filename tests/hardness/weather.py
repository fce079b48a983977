"""Faults injected at random into a running backend: killed, restarted, stopped in the middle."""

from __future__ import annotations

import asyncio
import random
import signal
import threading
from collections import Counter
from typing import Self

from services.lab.process import Service

PAUSE = (0.5, 2.5)
"""Seconds from one fault's end to the next."""
GONE = (0.05, 0.8)
FROZEN = (0.1, 1.5)


class Weather(threading.Thread):
    """Injects faults until told that it is over, and leaves the backend well; `faults` counts them by kind."""

    def __init__(self, backend: Service, seed: int) -> None:
        super().__init__(name="weather")
        self.backend = backend
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
        while not self._over.wait(self._chance.uniform(*PAUSE)):
            fault = self._chance.choice(("killed", "restarted", "frozen"))
            self.faults[fault] += 1
            if fault == "frozen":
                self._freeze()
            else:
                self._restart(signal.SIGKILL if fault == "killed" else signal.SIGTERM)

    def _freeze(self) -> None:
        assert self.backend._process is not None
        self.backend._process.send_signal(signal.SIGSTOP)
        self._over.wait(self._chance.uniform(*FROZEN))
        self.backend._process.send_signal(signal.SIGCONT)

    def _restart(self, number: signal.Signals) -> None:
        assert self.backend._process is not None
        self.backend._process.send_signal(number)
        self.backend.wait()
        self._over.wait(self._chance.uniform(*GONE))
        self.backend.start()
        asyncio.run(self.backend.ready())
