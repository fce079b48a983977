"""What the process uses: the metrics that prometheus-client's ProcessCollector has, at a price that does not grow.

prometheus-client lists a folder to count the descriptors, and lets go of the interpreter's lock for each: with 8,000 of
them, in a busy service, that took 40 ms of a scrape, and up to 150.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

PROC = Path("/proc")
START, VIRTUAL, RESIDENT = 19, 20, 21
"""Fields of /proc/self/stat behind the program's name: ticks, bytes, pages (man 5 proc_pid_stat: 22, 23 and 24)."""


class Process(Collector):
    """The process's metrics, under their usual names; none where there is no /proc.

    Source: https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._booted = _booted()
        registry.register(self)

    def collect(self) -> Iterable[Metric]:
        """Return the metrics as they are now; none where no descriptor is left to read them with."""
        try:
            return [] if self._booted is None else list(self._read(self._booted))
        except OSError:
            return []

    @staticmethod
    def _read(booted: float) -> Iterator[Metric]:
        import resource  # Windows has none

        fields = (PROC / "self/stat").read_bytes().rpartition(b")")[2].split()
        started = booted + int(fields[START]) / os.sysconf("SC_CLK_TCK")
        most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        resident = int(fields[RESIDENT]) * resource.getpagesize()
        yield CounterMetricFamily("process_cpu_seconds_total", "Processor time used, in seconds.", time.process_time())
        yield _gauge("virtual_memory_bytes", "Virtual memory size in bytes.", int(fields[VIRTUAL]))
        yield _gauge("resident_memory_bytes", "Resident memory size in bytes.", resident)
        yield _gauge("start_time_seconds", "Start time of the process since the Unix epoch, in seconds.", started)
        yield _gauge("open_fds", "Number of open file descriptors.", _descriptors())
        yield _gauge("max_fds", "Maximum number of open file descriptors.", most)


def about_the_process(registry: CollectorRegistry) -> None:
    """Register what every program says of its process and of its Python."""
    Process(registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)


def _gauge(name: str, documentation: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"process_{name}", documentation, value)


def _booted() -> float | None:
    """Return when the machine started, in seconds since the Unix epoch; None where there is no /proc."""
    try:
        lines = (PROC / "stat").read_bytes().splitlines()
    except OSError:
        return None
    return next((float(line.split()[1]) for line in lines if line.startswith(b"btime ")), None)


def _descriptors() -> int:
    folder = PROC / "self/fd"
    # Linux counts them as the folder's size since 6.2 (fs/proc/fd.c, proc_fd_getattr); before, the size is 0.
    return folder.stat().st_size or sum(1 for _ in folder.iterdir())
