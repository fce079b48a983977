"""A program under measurement: what it used is counted, whoever of it used it."""

from __future__ import annotations

import sys
from pathlib import Path
from time import sleep

import pytest

from bench.program import Program
from tests.eventually import eventually

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="another process's clock can be read on Linux only")

USED = 0.2
BURNER = f"""
import threading, time
def burn():
    while time.thread_time() < {USED}: pass
thread = threading.Thread(target=burn)
thread.start()
thread.join()
print("burnt", flush=True)
time.sleep(60)
"""


def test_an_ended_threads_time_is_counted(tmp_path: Path) -> None:
    """A scrape's thread ends with its connection; what it used was used."""
    with Program("burner", [sys.executable, "-c", BURNER], 0, tmp_path, {}) as burner:
        eventually(burner.log.read_text, "burnt\n")
        assert burner.cpu_seconds() > USED
        used = burner.cpu_seconds()
        sleep(0.1)
        assert burner.cpu_seconds() < used + USED  # it sleeps, and its time stands still
