"""What a service's process holds: memory, and open files. Linux only."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from services.lab.process import Service

MEGABYTE = 1024 * 1024


@dataclass(frozen=True)
class Footprint:
    """Resident memory in bytes, and how many file descriptors are open."""

    memory: int
    descriptors: int


def footprint(service: Service) -> Footprint:
    """Return what the service's process holds now."""
    assert service._process is not None
    process = Path("/proc", str(service._process.pid))
    pages = int((process / "statm").read_text().split()[1])
    return Footprint(pages * os.sysconf("SC_PAGE_SIZE"), len(list((process / "fd").iterdir())))
