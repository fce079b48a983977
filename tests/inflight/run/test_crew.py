"""The crew, with workers that are no processes: who is started, replaced and ended, whatever dies meanwhile."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from time import monotonic
from typing import Any

import pytest

from inflight.run import crew as crew_module
from inflight.run.crew import Crew


class Process:
    """What a worker's process is to the crew."""

    def __init__(self) -> None:
        self.returncode: int | None = None

    def poll(self) -> int | None:
        return self.returncode


class Clock:
    """A clock that the test sets, and the pulse of a worker that last ran when it stood at 0."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def age(self, _place: int) -> float:
        return self.now


class FakeWorker:
    """A worker that does what the test says."""

    def __init__(self, _module: str, number: int, _sockets: list[int], _arguments: list[str]) -> None:
        self.number = number
        self.process = Process()
        self.began = monotonic()
        self.started = self.expected = self.killed = False
        self.pulse: Clock | None = None
        self.signals: list[int] = []

    def end(self) -> None:
        self.expected = True

    def signal(self, number: int) -> None:
        self.signals.append(number)

    def kill(self) -> None:
        self.killed = True

    def die(self, status: int = -9) -> None:
        self.process.returncode = status


@pytest.fixture
def crew(monkeypatch: pytest.MonkeyPatch) -> Crew:
    """Two workers that serve."""
    monkeypatch.setattr(crew_module, "Worker", FakeWorker)
    monkeypatch.setattr(crew_module, "FIRST_PAUSE", 0.0)
    crew = Crew([], lambda _worker: None, lambda _worker: None)
    for number in (1, 2):
        crew.started(crew.start(number))
    return crew


def settle(crew: Crew) -> None:
    """Have what was told to end do so, and what was started serve, until nothing changes any more."""
    for _ in range(20):
        for worker in list(crew.workers):
            if worker.expected:
                fake(worker).die(0)
        crew.tend()
        for worker in list(crew.workers):
            if not worker.started:
                crew.started(worker)


def fake(worker: Any) -> FakeWorker:
    """Return a worker as what it is here."""
    assert isinstance(worker, FakeWorker)
    return worker


def numbers(crew: Crew) -> list[int]:
    """Return the numbers of the workers that stay."""
    return sorted(worker.number for worker in crew.workers)


def test_all_are_replaced_one_after_the_other(crew: Crew) -> None:
    """A predecessor is told to end when its successor serves."""
    old = list(crew.workers)
    crew.replace()
    assert numbers(crew) == [1, 1, 2]
    settle(crew)
    assert numbers(crew) == [1, 2]
    assert not set(old) & set(crew.workers)


def test_one_that_dies_before_its_turn_is_started_again(crew: Crew) -> None:
    """And is not lost; the other one is replaced all the same."""
    first, second = crew.workers
    crew.replace()
    fake(second).die()
    settle(crew)
    assert numbers(crew) == [1, 2]
    assert not {first, second} & set(crew.workers)


def test_one_that_dies_while_its_successor_starts_holds_up_nobody(crew: Crew) -> None:
    """The next is replaced when the successor serves."""
    old = list(crew.workers)
    crew.replace()
    fake(old[0]).die()
    settle(crew)
    assert numbers(crew) == [1, 2]
    assert not set(old) & set(crew.workers)


def test_to_replace_twice_leaves_as_many(crew: Crew) -> None:
    """A second wish waits until the first is fulfilled."""
    old = list(crew.workers)
    crew.replace()
    crew.replace()
    between = set(crew.workers)
    settle(crew)
    assert numbers(crew) == [1, 2]
    assert not (set(old) | between) & set(crew.workers)


def test_a_successor_that_fails_leaves_its_predecessor(crew: Crew, capsys: pytest.CaptureFixture[str]) -> None:
    """The others stay, too."""
    old = list(crew.workers)
    crew.replace()
    fake(crew.workers[-1]).die(1)
    settle(crew)
    assert set(crew.workers) == set(old)
    assert "its predecessor stays" in capsys.readouterr().err


def test_a_successor_that_fails_without_a_predecessor_is_started_again(crew: Crew) -> None:
    """Else the service would have one less for ever."""
    crew.replace()
    for worker in [each for each in crew.workers if each.number == 1]:
        fake(worker).die(1)
    settle(crew)
    assert numbers(crew) == [1, 2]


@pytest.mark.parametrize("replacing", [False, True])
def test_one_less(crew: Crew, replacing: bool) -> None:
    """The highest number goes, while workers are replaced, too; the only one stays."""
    if replacing:
        crew.replace()
    crew.shrink()
    settle(crew)
    assert numbers(crew) == [1]
    crew.shrink()
    settle(crew)
    assert numbers(crew) == [1]


def test_one_more_and_one_less_where_none_lives(crew: Crew, monkeypatch: pytest.MonkeyPatch) -> None:
    """All have just died, and are to be started again: that is not the supervisor's end."""
    for worker in crew.workers:
        fake(worker).die()
    monkeypatch.setattr(crew_module, "FIRST_PAUSE", 60.0)
    crew.tend()
    assert crew.workers == []
    crew.shrink()
    crew.grow()
    assert numbers(crew) == [1]


def test_one_that_dies_before_it_serves_does_not_end_the_others(crew: Crew) -> None:
    """What is short of memory kills one as it loads; uvicorn starts another, too."""
    crew.several = True
    for status in (-9, 1, 0):
        fake(crew.workers[-1]).die()
        crew.tend()
        crew.tend()
        fake(crew.workers[-1]).die(status)
        settle(crew)
        assert (crew.exit_status, numbers(crew)) == (None, [1, 2])


def test_one_that_never_serves_is_started_again_after_a_pause(crew: Crew, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where it says that all was well, or has loaded for long; else the machine would do nothing but load it."""
    crew.several = True
    monkeypatch.setattr(crew_module, "FIRST_PAUSE", 60.0)
    worker = crew.start(3)
    worker.began -= 2 * crew_module.STEADY
    fake(worker).die(0)
    crew.tend()
    assert (crew.tend() or 0) > 0
    assert numbers(crew) == [1, 2]


@pytest.mark.parametrize(("served", "status"), [(False, -9), (False, 1), (False, 3), (True, 3)])
def test_what_cannot_start_ends_the_service(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], served: bool, status: int
) -> None:
    """One of the first that fails before any serves, or one of which uvicorn says so; the reason is said."""
    monkeypatch.setattr(crew_module, "Worker", FakeWorker)
    crew = Crew([], lambda _worker: None, lambda _worker: None)
    crew.several = True
    first, second = crew.start(1), crew.start(2)
    if served:
        crew.started(first)
    fake(second).die(status)
    crew.tend()
    assert crew.exit_status == status
    assert "the service ends" in capsys.readouterr().err


def test_a_service_that_was_frozen_keeps_its_workers(crew: Crew, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time in which nothing ran is nobody's silence."""
    clock = watched(crew, monkeypatch)
    crew.tend()
    clock.now = 100.0
    crew.tend()
    assert not any(worker.killed for worker in crew.workers)


def test_one_that_is_silent_is_killed_once(
    crew: Crew, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """However long it takes to die; and so it is when a service that was frozen is not."""
    clock = watched(crew, monkeypatch)
    crew.tend()
    clock.now = 100.0
    for _ in range(20):
        crew.tend()
        clock.now += crew_module.CHECK_EVERY
    assert all(worker.killed for worker in crew.workers)
    assert capsys.readouterr().err.count("has not responded for 5.5 s, so it is killed") == 2


def watched(crew: Crew, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Let the crew have this clock, and two workers that have run at its beginning only."""
    clock = Clock()
    monkeypatch.setattr(crew_module, "monotonic", clock)
    crew.several, crew.healthcheck = True, 5.0
    for worker in crew.workers:
        fake(worker).pulse = clock
    return clock


def test_nobody_needs_to_read_what_is_said(crew: Crew, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pipe is closed, as when a log shipper has died: workers are started again."""
    reader, writer = os.pipe()
    os.close(reader)
    stderr = os.fdopen(writer, "w")
    monkeypatch.setattr(sys, "stderr", stderr)
    fake(crew.workers[0]).die()
    settle(crew)
    with suppress(BrokenPipeError):
        stderr.close()
    assert numbers(crew) == [1, 2]


def test_nobody_is_started_while_the_service_stops(crew: Crew) -> None:
    """It would open the port again, and stay."""
    crew.stop(signal.SIGTERM)
    crew.grow()
    assert numbers(crew) == [1, 2]


@pytest.mark.parametrize("reload", [False, True])
def test_one_that_dies_of_a_signal_that_it_was_passed_is_the_end(crew: Crew, reload: bool) -> None:
    """It is not started again when its terminal is closed, or who does that would never be rid of it."""
    crew.shrink()
    settle(crew)
    crew.reload = reload
    crew.pass_on(signal.SIGHUP)
    (worker,) = crew.workers
    assert fake(worker).signals == [signal.SIGHUP]
    assert crew.exit_status is None
    fake(worker).die(-signal.SIGHUP)
    crew.tend()
    assert crew.exit_status == -signal.SIGHUP


def test_a_signal_that_nobody_is_there_to_heed_is_the_end(crew: Crew) -> None:
    """Here the worker waits for a change of the files. Nobody dies of SIGWINCH."""
    crew.reload = True
    for worker in crew.workers:
        fake(worker).die()
    crew.tend()
    crew.pass_on(signal.SIGWINCH)
    assert crew.exit_status is None
    crew.pass_on(signal.SIGHUP)
    assert crew.exit_status == -signal.SIGHUP
