"""The crew, with workers that are no processes: who is started, replaced and ended, whatever dies meanwhile."""

from __future__ import annotations

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


class FakeWorker:
    """A worker that does what the test says."""

    def __init__(self, _module: str, number: int, _sockets: list[int], _arguments: list[str]) -> None:
        self.number = number
        self.process = Process()
        self.began = monotonic()
        self.started = self.expected = False
        self.pulse = None

    def end(self) -> None:
        self.expected = True

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
