"""The supervisor: the process that the user starts, and that outlives whatever happens to a worker.

It loads neither uvicorn nor prometheus-client. The first worker reads uvicorn's options and opens the sockets, and
hands both over.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from inflight.run.crew import Crew, say
from inflight.run.options import Options
from inflight.run.pulse import Pulse
from inflight.run.state import State
from inflight.run.worker_process import Worker
from inflight.terminal.urls import metrics_url

if TYPE_CHECKING:
    from inflight.admin import AdminServer

ENDING = {signal.SIGINT, signal.SIGTERM}
CREW = {signal.SIGHUP, signal.SIGTTIN, signal.SIGTTOU}
"""What uvicorn's own supervisor of several workers heeds, too: replace them, one more, one less."""
PASSED_ON = {signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH}
"""What the application of a single worker may heed. uvicorn's supervisor of several heeds none of them but SIGHUP."""
WATCHER = "inflight.run.watcher"


class Supervisor:
    """Holds the admin port, and keeps the workers up, until a signal or the first workers' failure ends the service."""

    def __init__(self, options: Options, arguments: list[str], listener: socket.socket) -> None:
        self._options = options
        self._arguments = arguments
        self._listener = listener
        """The admin port's."""
        self._state = State()
        self._selector = selectors.DefaultSelector()
        self._crew = Crew(arguments, self._listen_to, self._forget)
        self._watcher: Worker | None = None
        self._uds: str | None = None
        self._handlers: dict[str, Callable[[Worker, dict[str, Any], list[int]], object]] = {
            "plan": self._plan,
            "listening": self._listening,
            "started": lambda worker, _message, _descriptors: self._crew.started(worker),
            "changed": lambda _worker, _message, _descriptors: self._crew.reloaded(),
        }

    def run(self) -> int:
        """Serve. Returns the exit status, or dies of the signal of which a single worker has died, as uvicorn does."""
        ignored = {number for number in PASSED_ON if signal.getsignal(number) == signal.SIG_IGN}
        signals = self._heed(ENDING | {signal.SIGCHLD} | PASSED_ON - ignored)  # workers inherit what nohup ignores
        self._crew.start(1)
        self._admin = self._open_admin()
        try:
            self._loop(signals)
        finally:
            self._end()
        return self._status()

    def _open_admin(self) -> AdminServer:
        """Serve the admin port. What that needs is loaded while the worker loads what it needs."""
        from inflight.admin import AdminServer
        from inflight.run.pages import Pages

        pages = Pages(self._state, self._options.admin_requests_from)
        host = self._options.admin_host
        admin = AdminServer(host, 0, None, ready=pages.ready, pages=pages.by_path(), listener=self._listener)
        admin.start()
        say(f"metrics at {metrics_url(host, admin.port)}")
        return admin

    def _loop(self, signals: socket.socket) -> None:
        while True:
            timeout = self._crew.tend()
            self._publish()
            if self._crew.exit_status is not None and not self._crew.stopping:
                self._stop(signal.SIGTERM)
            if self._crew.stopping and not self._crew.workers:
                return
            for key, _ in self._selector.select(timeout):
                if key.data is None:
                    for number in signals.recv(4096):
                        self._signalled(number)
                else:
                    self._hear(key.data)

    def _heed(self, numbers: set[signal.Signals]) -> socket.socket:
        """Have signals wake the loop, and be read there."""
        ours, theirs = socket.socketpair()
        theirs.setblocking(False)
        signal.set_wakeup_fd(theirs.detach(), warn_on_full_buffer=False)
        for number in numbers:
            signal.signal(number, lambda _number, _frame: None)
        self._selector.register(ours, selectors.EVENT_READ)
        return ours

    def _signalled(self, number: int) -> None:
        if number in ENDING:
            self._stop(number)
        elif number in PASSED_ON and not self._crew.several:
            self._crew.pass_on(number)
        elif number == signal.SIGHUP and self._crew.sockets:  # a successor without them would open the port again
            self._crew.replace()
        elif number == signal.SIGTTIN:
            self._crew.grow()
        elif number == signal.SIGTTOU:
            self._crew.shrink()

    def _stop(self, number: int) -> None:
        self._state.stopping = True
        self._crew.stop(number)

    def _listen_to(self, worker: Worker) -> None:
        self._selector.register(worker.channel, selectors.EVENT_READ, worker)

    def _forget(self, worker: Worker) -> None:
        """Hear what a worker that has ended said last, and let go of it."""
        self._hear(worker)
        with suppress(KeyError):
            self._selector.unregister(worker.channel)
        worker.channel.close()

    def _hear(self, worker: Worker) -> None:
        try:
            for message, descriptors in worker.messages():
                self._handlers[message["kind"]](worker, message, descriptors)
        except EOFError:
            with suppress(KeyError):
                self._selector.unregister(worker.channel)

    def _plan(self, worker: Worker, message: dict[str, Any], descriptors: list[int]) -> None:
        """Note what a worker has read in uvicorn's options, and where its pulse is."""
        (memory,) = descriptors
        worker.pulse = Pulse(memory)
        os.close(memory)
        self._crew.reload = bool(message["reload"])
        self._uds = message["uds"]
        if message["workers"] != 1:
            self._state.several = self._crew.several = True
            self._crew.healthcheck = float(message["healthcheck"])

    def _listening(self, worker: Worker, message: dict[str, Any], descriptors: list[int]) -> None:
        """Keep the listening sockets, for the workers that are to come; start those that are to be there at once."""
        if self._crew.stopping:
            for descriptor in descriptors:
                os.close(descriptor)
            return
        for descriptor in descriptors:
            os.set_inheritable(descriptor, True)
            self._crew.sockets.append(descriptor)
            with socket.socket(fileno=os.dup(descriptor)) as listener:
                if listener.family in {socket.AF_INET, socket.AF_INET6}:
                    self._state.ports.add(listener.getsockname()[1])
        if self._crew.reload:
            self._watcher = Worker(WATCHER, worker.number, [], self._arguments)
            self._listen_to(self._watcher)
        for number in range(2, message["workers"] + 1):
            self._crew.start(number)
        if self._state.several:
            self._heed_more()

    def _heed_more(self) -> None:
        for number in CREW:
            signal.signal(number, lambda _number, _frame: None)

    def _publish(self) -> None:
        """Show the workers that serve: of a predecessor and its successor, the one that has not been told to end."""
        serving = [worker for worker in self._crew.workers if self._crew.stopping or not worker.expected]
        self._state.workers = tuple({worker.number: worker for worker in reversed(serving)}.values())

    def _end(self) -> None:
        """Leave nothing behind."""
        signal.set_wakeup_fd(-1)
        if self._watcher is not None:
            self._watcher.end()
            self._watcher.process.wait()
        self._admin.close()
        if self._uds is not None:
            with suppress(OSError):
                os.unlink(self._uds)  # noqa: PTH108 - a path of the user's, as it is

    def _status(self) -> int:
        status = self._crew.exit_status or 0
        if status >= 0:
            return status
        if not self._crew.several and not self._crew.reload:
            with suppress(OSError):  # SIGKILL has no other
                signal.signal(-status, signal.SIG_DFL)
            os.kill(os.getpid(), -status)
        return 128 - status  # the first process of a container is not killed by its own signal, either
