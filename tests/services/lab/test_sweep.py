"""`lab sweep`: the model, the verdict on made-up bursts, and a short real one."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
import typer

from inflight.send.record import Record
from inflight.terminal.errors import CommandError
from services.lab.options import mode_urls, sizes
from services.lab.sweep.judge import judge
from services.lab.sweep.measure import Gateway, _cpu
from services.lab.sweep.model import Setup, predicted, processes, tolerance, waves
from services.lab.sweep.point import Point, Series, Try
from tests.inflight.command import LAB, ran
from tests.inflight.send.records import record

SETUP = Setup(delay=1.0)


def point(tasks: int, seconds: float, outcome: str = "ok") -> Point:
    """Return a point whose requests all took `seconds`; without a delay 0.1 s in all, and one alone was 10 ms late."""
    records: list[Record] = [record(f"task{number}", seconds, outcome) for number in range(tasks)]
    return Point(tasks, [Try(0.1, 0.01, records)])


@pytest.mark.parametrize(
    ("mode", "tasks", "count"),
    [("sync", 7, 7), ("threadpool", 40, 1), ("threadpool", 41, 2), ("threadpool", 81, 3), ("async", 500, 1)],
)
def test_waves(mode: str, tasks: int, count: int) -> None:
    """One after another, 40 at a time, or all at once."""
    assert waves(mode, tasks, SETUP) == count


def test_a_limit_on_connections_makes_async_a_pool() -> None:
    """And makes a pool of threads a smaller one; sync has one connection anyhow."""
    limited = Setup(1.0, limit=10)
    assert [waves(mode, 41, limited) for mode in ("sync", "threadpool", "async")] == [41, 5, 5]


def test_more_pods_have_fewer_waves() -> None:
    """Each works on its share; what the requests take by themselves was measured with as many pods."""
    pods = Setup(1.0, replicas=4)
    assert waves("sync", 10, pods) == 3
    assert waves("threadpool", 161, pods) == 2
    assert predicted("async", 100, pods, 0.4) == pytest.approx(1.4)


def test_the_tolerance_is_what_was_measured() -> None:
    """A wake-up for each wave, the largest once, and the requests' own time once more."""
    assert tolerance("threadpool", 41, SETUP, 0.1, [0.01, 0.03]) == pytest.approx(2 * 0.02 + 0.03 + 0.1)


def test_what_a_rate_needs() -> None:
    """1,000 a second at 1 s are 1,000 in flight; without a measured processor time, async's need is not known."""
    setup = Setup(1.0)
    assert processes("sync", 1000, setup, None) == 1000
    assert processes("threadpool", 1000, setup, None) == 25
    assert processes("async", 1000, setup, 0.0015) == 2
    assert processes("async", 1000, setup, None) is None
    limited = Setup(1.0, limit=10, replicas=2)
    assert [processes(mode, 1000, limited, 0.0015) for mode in ("sync", "threadpool", "async")] == [1000, 100, 100]


@pytest.mark.parametrize(
    ("mode", "tasks", "seconds", "ok"),
    [
        ("threadpool", 41, 2.1, True),
        ("threadpool", 41, 1.1, False),
        ("threadpool", 41, 3.0, False),
        ("async", 41, 1.15, True),
        ("async", 41, 2.1, False),
        ("sync", 3, 3.05, True),
        ("sync", 3, 1.0, False),
    ],
)
def test_the_verdict(mode: str, tasks: int, seconds: float, ok: bool) -> None:
    """Too early is as wrong as too late."""
    assert judge(Series(mode, [point(tasks, seconds)]), SETUP).ok is ok


def test_a_failed_request_is_not_as_claimed() -> None:
    """It is named."""
    verdict = judge(Series("async", [point(2, 1.0, "timeout")]), SETUP)
    assert not verdict.ok
    assert "2 of 2 requests failed (task0: timeout" in verdict.sentence


def test_sizes() -> None:
    """In order, each once; anything else is one line."""
    assert sizes("5, 1,5") == [1, 5]
    for bad in ("", "0", "501", "1,", "a", "1;2", "-1"):
        with pytest.raises(typer.BadParameter):
            sizes(bad)


def test_mode_urls() -> None:
    """A URL for each pod of a mode, as many for each mode; a password is not shown."""
    assert mode_urls(["sync=http://x:8001", "sync=http://x:8002"]) == {"sync": ["http://x:8001", "http://x:8002"]}
    for bad in (
        ["sync"],
        ["magic=http://x"],
        ["sync=ftp://x"],
        ["sync=http://x", "sync=http://x"],
        ["sync=http://x", "sync=http://y", "async=http://z"],
    ):
        with pytest.raises(typer.BadParameter):
            mode_urls(bad)
    with pytest.raises(typer.BadParameter) as caught:
        mode_urls(["magic=http://me:secret@x"])
    assert "secret" not in str(caught.value)


def test_a_gateway_that_says_nothing_of_itself_is_named() -> None:
    """In one line that says where it was."""
    with pytest.raises(CommandError, match=r"^http://127\.0\.0\.1:1 does not respond as a gateway's admin port: ."):
        asyncio.run(_cpu(Gateway("async", [], ["http://127.0.0.1:1"])))


@pytest.mark.long
def test_a_short_sweep(tmp_path: Path) -> None:
    """A row for each size, a verdict that the exit code follows, a report that asks the network for nothing."""
    report = tmp_path / "sweep.html"
    options = ["--tasks", "1,3", "--delay", "0.3", "--repeat", "1", "--upstream-limit", "2", "--report", str(report)]
    code, output, errors = ran("sweep", *options, program=LAB)
    assert errors == ""
    assert code == ("NOT AS CLAIMED" in output)
    assert output.count("-gateway (") == 3
    assert "default-src 'none'" in report.read_text()


@pytest.mark.long
def test_two_processes_of_a_gateway_take_half_as_long(tmp_path: Path) -> None:
    """Four tasks through two sync-gateways are two delays, not four: measured, on one machine."""
    report = tmp_path / "sweep.html"
    options = ["--gateway", "sync", "--tasks", "4", "--delay", "0.5", "--replicas", "2", "--repeat", "1"]
    _, output, errors = ran("sweep", *options, "--report", str(report), program=LAB)
    assert errors == ""
    (row,) = (line.split() for line in output.splitlines() if re.match(r"sync +4 ", line))
    assert row[2] == "2"
    assert 1.0 <= float(row[3]) < 2.0
    assert "one process, predicted" in report.read_text()
