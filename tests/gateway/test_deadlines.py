"""One timer for many deadlines; each ends its own call, as `asyncio.timeout` would."""

import asyncio
import socket
import time
from collections.abc import Coroutine
from typing import Any

import pytest
import uvloop

from services.gateway.deadlines import Deadlines

SOON, LONG = 0.05, 60.0
FACTORIES = {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture
def run(loop: str) -> Any:
    """Return what runs a coroutine on the one loop and on the other."""

    def run(main: Coroutine[Any, Any, None]) -> None:
        with asyncio.Runner(loop_factory=FACTORIES[loop]) as runner:
            runner.run(main)

    return run


def test_a_call_that_takes_too_long_ends_in_a_timeout(run: Any) -> None:
    """Not sooner than it should, and its task goes on after it."""

    async def main() -> None:
        deadlines, loop = Deadlines(SOON), asyncio.get_running_loop()
        started = loop.time()
        with pytest.raises(TimeoutError), deadlines.deadline():
            await asyncio.sleep(LONG)
        assert loop.time() - started >= 0.9 * SOON  # uvloop counts milliseconds
        await asyncio.sleep(0)  # nothing of the cancellation is left
        assert not deadlines.open

    run(main())


def test_what_came_in_time_counts_even_if_the_loop_stood_still(run: Any) -> None:
    """The loop looks at the clock and at its sockets in the same turn; what lies there was no one else's delay."""

    async def main() -> None:
        ours, theirs = socket.socketpair()
        reader, writer = await asyncio.open_connection(sock=ours)

        async def call() -> bytes:
            with Deadlines(SOON).deadline():
                return await reader.readexactly(2)

        with theirs:
            task = asyncio.create_task(call())
            await asyncio.sleep(0)
            theirs.sendall(b"ok")
            time.sleep(2 * SOON)  # noqa: ASYNC251 - to stand still is the point
            assert await task == b"ok"
            writer.close()

    run(main())


def test_each_call_has_its_own_deadline(run: Any) -> None:
    """Those that are done in time are left alone, those that began later are due later."""

    async def call(deadlines: Deadlines, after: float, takes: float) -> str:
        await asyncio.sleep(after)
        try:
            with deadlines.deadline():
                if takes:
                    await asyncio.sleep(takes)
        except TimeoutError:
            return "late"
        return "in time"

    async def main() -> None:
        deadlines = Deadlines(SOON)
        calls = [(0, 0), (0, LONG), (SOON / 2, LONG), (SOON * 2, 0), (SOON * 3, LONG)]
        ended = await asyncio.gather(*(call(deadlines, after, takes) for after, takes in calls))
        assert ended == ["in time", "late", "late", "in time", "late"]

    run(main())


def test_an_error_passes(run: Any) -> None:
    """And the deadline is over with it."""

    async def main() -> None:
        deadlines = Deadlines(SOON)
        with pytest.raises(LookupError), deadlines.deadline():
            raise LookupError
        assert not deadlines.open
        await asyncio.sleep(SOON * 2)  # past the time at which it would have been due

    run(main())


def test_who_is_cancelled_by_somebody_else_stays_cancelled(run: Any) -> None:
    """Alone, and in the very moment in which the time is over."""

    async def main() -> None:
        for at_once in (False, True):
            deadlines = Deadlines(LONG)

            async def call(deadlines: Deadlines = deadlines) -> None:
                with deadlines.deadline():
                    await asyncio.sleep(LONG)

            task = asyncio.create_task(call())
            await asyncio.sleep(0)
            if at_once:
                next(iter(deadlines.open)).expire()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert task.cancelled()

    run(main())


def test_many_calls_take_one_timer(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """That is what it is for."""

    async def main() -> None:
        deadlines, timers = Deadlines(LONG), []
        loop = asyncio.get_running_loop()
        call_at = loop.call_at

        class Counting:
            time = staticmethod(loop.time)

            def call_at(self, *args: Any) -> asyncio.TimerHandle:
                timers.append(args)
                return call_at(*args)

        with monkeypatch.context() as patch:
            patch.setattr("services.gateway.deadlines.asyncio.get_running_loop", Counting)
            for _ in range(100):
                with deadlines.deadline():
                    pass
        assert len(timers) == 1

    run(main())
