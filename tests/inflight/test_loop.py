"""The event loop's heartbeat."""

import asyncio
import time

from inflight import loop
from inflight.loop import Heartbeat


class Clock:
    """A clock that stands still until it is told to go on."""

    def __init__(self) -> None:
        self.time = 100.0

    def __call__(self) -> float:
        return self.time


class Lags(list[float]):
    """Observations, in order."""

    def observe(self, amount: float, /) -> None:
        self.append(round(amount, 9))


def test_stalled_is_the_time_since_the_last_beat() -> None:
    """It grows while nothing beats, and falls to 0 with the next beat."""

    async def main() -> None:
        clock = Clock()
        heart = Heartbeat(Lags(), now=clock)
        heart.start()
        clock.time += 3
        assert heart.stalled() == 3
        heart.beat()
        assert heart.stalled() == 0
        heart.stop()

    asyncio.run(main())


def test_lag_is_what_a_beat_came_too_late() -> None:
    """A beat that is on time has no lag."""

    async def main() -> None:
        clock, lags = Clock(), Lags()
        heart = Heartbeat(lags, now=clock)
        heart.start()
        clock.time += loop.INTERVAL
        heart.beat()
        clock.time += loop.INTERVAL + 2
        heart.beat()
        heart.stop()
        assert lags == [0, 2]

    asyncio.run(main())


def test_a_stopped_heart_is_not_stalled() -> None:
    """Before the start and after the stop there is nothing to be late."""

    async def main() -> None:
        clock, lags = Clock(), Lags()
        heart = Heartbeat(lags, now=clock)
        assert heart.stalled() is None
        heart.start()
        heart.stop()
        clock.time += 9
        heart.beat()
        assert heart.stalled() is None
        assert lags == []

    asyncio.run(main())


def test_a_real_loop_beats_and_a_blocked_one_does_not() -> None:
    """The loop itself schedules the beats; a handler that blocks it holds them up."""

    async def main() -> None:
        lags = Lags()
        heart = Heartbeat(lags)
        heart.start()
        await asyncio.sleep(4 * loop.INTERVAL)
        assert lags
        time.sleep(4 * loop.INTERVAL)  # noqa: ASYNC251 - blocking is the point
        stalled = heart.stalled()
        assert stalled is not None
        assert stalled >= 3 * loop.INTERVAL
        heart.stop()

    asyncio.run(main())
