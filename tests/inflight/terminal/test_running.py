"""Work that can be stopped in order."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from inflight.terminal.errors import Interrupted
from inflight.terminal.running import STOPPING, run


def test_work_that_ends_has_its_result() -> None:
    """Nothing interrupted, nothing changed."""

    async def work() -> int:
        return 42

    assert run(work()) == 42


def test_an_error_of_the_work_passes() -> None:
    """It is not taken for the user's stop."""

    async def work() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(work())


@pytest.mark.parametrize("number", STOPPING)
def test_a_signal_stops_the_work_which_clears_away(number: signal.Signals) -> None:
    """What the work has in its `finally` is done before the signal has its way."""
    cleared = []

    async def work() -> None:
        try:
            os.kill(os.getpid(), number)
            await asyncio.sleep(60)
        finally:
            cleared.append(number)

    with pytest.raises(Interrupted):
        run(work())
    assert cleared == [number]


def test_a_second_signal_changes_nothing() -> None:
    """Whoever presses Ctrl-C twice wants it to end, not to lose what is being written."""

    async def work() -> str:
        try:
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            for number in STOPPING:
                os.kill(os.getpid(), number)
            await asyncio.sleep(0.1)
            return "written"
        return "never"

    assert run(work()) == "written"


def test_nohup_is_heeded() -> None:
    """Who ignored SIGHUP for this process wants it to outlive the terminal."""

    async def work() -> str:
        os.kill(os.getpid(), signal.SIGHUP)
        await asyncio.sleep(0.1)
        return "went on"

    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert run(work()) == "went on"
    finally:
        signal.signal(signal.SIGHUP, before)


def test_work_that_has_a_result_all_the_same_returns_it() -> None:
    """A sender that was stopped still has its records."""

    async def work() -> str:
        try:
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            return "records"
        return "never"

    assert run(work()) == "records"


def test_the_signals_are_given_back() -> None:
    """After the work, SIGINT means what it meant before."""

    async def work() -> None:
        return None

    before = signal.getsignal(signal.SIGINT)
    run(work())
    assert signal.getsignal(signal.SIGINT) is before
