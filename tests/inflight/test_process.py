"""The process's metrics are those of prometheus-client, and count what is there."""

from __future__ import annotations

import os
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry, ProcessCollector

from inflight import process
from inflight.process import Process

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def values(registry: CollectorRegistry) -> dict[tuple[str, str, str], float]:
    """Return each sample's value by its family, type and name."""
    return {
        (family.name, family.type, sample.name): sample.value
        for family in registry.collect()
        for sample in family.samples
    }


def test_they_are_those_of_prometheus_client() -> None:
    """Names and types are the same; so are the values, as far as they stand still."""
    theirs, ours = CollectorRegistry(), CollectorRegistry()
    ProcessCollector(registry=theirs)
    Process(ours)
    expected, found = values(theirs), values(ours)
    assert found.keys() == expected.keys()
    for (family, _, _), value in found.items():
        if family in {"process_start_time_seconds", "process_max_fds"}:
            assert value == expected[family, "gauge", family]
    resident = "process_resident_memory_bytes", "gauge", "process_resident_memory_bytes"
    assert found[resident] == pytest.approx(expected[resident], rel=0.2)


@pytest.mark.parametrize("counted_by", ["kernel", "listing"])
def test_descriptors_are_counted(counted_by: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Each that is opened is one more, also where the kernel does not count them (before Linux 6.2)."""
    if counted_by == "listing":
        (tmp_path / "self").mkdir()
        (tmp_path / "self" / "fd").symlink_to("/proc/self/fd")
        monkeypatch.setattr(Path, "stat", lambda _path: os.stat_result((0,) * 10))
        monkeypatch.setattr(process, "PROC", tmp_path)
    elif process._descriptors() and Path("/proc/self/fd").stat().st_size:
        monkeypatch.setattr(Path, "iterdir", lambda _path: pytest.fail("it lists the folder"))
    before = process._descriptors()
    with ExitStack() as stack:
        for _ in range(30):
            stack.callback(os.close, os.open(os.devnull, os.O_RDONLY))
        assert process._descriptors() == before + 30
    assert process._descriptors() == before


def test_processor_time_grows() -> None:
    """It is in seconds, of the whole process."""
    registry = CollectorRegistry()
    Process(registry)
    before = registry.get_sample_value("process_cpu_seconds_total")
    until = time.process_time() + 0.05
    while time.process_time() < until:
        pass
    after = registry.get_sample_value("process_cpu_seconds_total")
    assert before is not None
    assert after is not None
    assert 0.05 <= after - before < 5


def test_a_scrape_lives_without_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """No descriptor is left to read them with: the other metrics are there all the same."""
    registry = CollectorRegistry()
    Process(registry)

    def none_left(_path: Path) -> bytes:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(Path, "read_bytes", none_left)
    assert values(registry) == {}


def test_nothing_is_said_where_there_is_no_proc(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As prometheus-client does."""
    monkeypatch.setattr(process, "PROC", tmp_path)
    registry = CollectorRegistry()
    Process(registry)
    assert values(registry) == {}
