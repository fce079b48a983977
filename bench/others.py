"""How much of the machine other programs took during a run: what a reader must know before trusting its figures."""

from __future__ import annotations

import os
import resource
from pathlib import Path

STAT = Path("/proc/stat")
IDLE = (3, 4)
"""Fields of the line `cpu` of /proc/stat (proc_stat(5)) in which no program ran: idle, and waiting for a disk."""
COUNTED = 8
"""Fields up to `steal`; those behind it are counted in the first two already."""


class Others:
    """Watches from its making on; the run's own programs count as its own once they have ended."""

    def __init__(self) -> None:
        self._before = (*_machine(), _ours())

    def share(self) -> float:
        """Return the part of the machine's processor time, 0 to 1, that went to others, its host's theft included."""
        busy, total = _machine()
        busy, total = busy - self._before[0], total - self._before[1]
        ours = _ours() - self._before[2]
        return max(0.0, busy - ours) / total if total > 0 else 0.0


def busy_and_total(stat: str) -> tuple[float, float]:
    """Return the ticks in which the processors were busy, and all ticks, from the text of /proc/stat."""
    ticks = [int(field) for field in stat.splitlines()[0].split()[1 : 1 + COUNTED]]
    return sum(ticks) - sum(ticks[field] for field in IDLE), sum(ticks)


def _machine() -> tuple[float, float]:
    tick = os.sysconf("SC_CLK_TCK")
    busy, total = busy_and_total(STAT.read_text())
    return busy / tick, total / tick


def _ours() -> float:
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
