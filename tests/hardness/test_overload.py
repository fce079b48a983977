"""More than a service is to take: it refuses at once, and goes on serving the others."""

from __future__ import annotations

import os
import resource

import pytest

pytestmark = pytest.mark.long

SPARE_DESCRIPTORS = 500
SILENT = min(
    int(os.environ.get("SILENT_CONNECTIONS", "2000")),
    resource.getrlimit(resource.RLIMIT_NOFILE)[0] - SPARE_DESCRIPTORS,
)
PER_CONNECTION = 16 * 1024
"""Bytes of the service's memory that a connection may take which has sent nothing, or part of a head."""
SLOW_MACHINE = 10.0
LIMIT = 5
BURST = 60
AHEAD = 2000
"""Requests sent on one connection before any answer is read."""
