"""One timer for all calls: `asyncio.timeout` sets one for each, which is a twentieth of what a request costs."""

from __future__ import annotations

import asyncio


class Deadlines:
    """The same time, in seconds, for each of many calls on the running loop."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.open: dict[Deadline, None] = {}
        """In the order in which they began, which is the order in which they are due."""
        self._timer: asyncio.TimerHandle | None = None

    def deadline(self) -> Deadline:
        """Return the deadline of one call, which is to be made inside `with`."""
        return Deadline(self)

    def watch(self) -> None:
        """See to it that the first that is due is looked at when it is."""
        if self._timer is None and self.open:
            self._timer = asyncio.get_running_loop().call_at(next(iter(self.open)).due, self._expire)

    def _expire(self) -> None:
        """Judge two turns later: a loop that was blocked reads first what has come in time, and goes on with it."""
        loop = asyncio.get_running_loop()
        loop.call_soon(loop.call_soon, self._judge)

    def _judge(self) -> None:
        self._timer = None
        now = asyncio.get_running_loop().time()
        for deadline in tuple(self.open):
            if deadline.due > now:
                break
            deadline.expire()
        self.watch()


class Deadline:
    """Cancels the task inside when its time is over, and makes a TimeoutError of it, as `asyncio.timeout` does."""

    __slots__ = ("_all", "_cancelling", "_expired", "_task", "due")

    def __init__(self, deadlines: Deadlines) -> None:
        self._all = deadlines
        self._expired = False

    def __enter__(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._task, self._cancelling = task, task.cancelling()
        self.due = asyncio.get_running_loop().time() + self._all.seconds
        self._all.open[self] = None
        self._all.watch()

    def expire(self) -> None:
        """Cancel the task."""
        del self._all.open[self]
        self._expired = True
        self._task.cancel()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        self._all.open.pop(self, None)
        # As in asyncio.Timeout: who was cancelled by somebody else as well stays cancelled.
        if self._expired and self._task.uncancel() <= self._cancelling and kind is asyncio.CancelledError:
            raise TimeoutError from error
