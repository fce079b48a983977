"""How tests that run side by side share the machine (a pytest plug-in, loaded by conftest.py).

A test marked `alone` compares times: while it runs, no other does.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Declare the mark."""
    config.addinivalue_line("markers", "alone: compares times; no other test runs meanwhile")


@pytest.fixture(autouse=True)
def machine(request: pytest.FixtureRequest) -> Iterator[None]:
    """The machine: shared, or for a test marked `alone`, whole."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID")
    if run is None:  # one process runs all tests, one after another
        yield
        return
    whole = request.node.get_closest_marker("alone") is not None
    place = Path(tempfile.gettempdir()) / f"inflight-lab-{run}"
    with place.with_suffix(".door").open("w") as door, place.with_suffix(".room").open("w") as room:
        # Who wants the whole room waits for it in the door, so that nobody else comes in before.
        fcntl.flock(door, fcntl.LOCK_EX)
        fcntl.flock(room, fcntl.LOCK_EX if whole else fcntl.LOCK_SH)
        fcntl.flock(door, fcntl.LOCK_UN)
        yield
