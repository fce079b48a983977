"""The thread in a worker that responds to the supervisor's requests, and shows that the interpreter runs."""

from __future__ import annotations

import logging
import os
import select
import signal
import socket
import threading
from collections.abc import Callable, Mapping

from inflight.admin import leave_signals_to_main_thread
from inflight.run.channel import send_response
from inflight.run.pulse import PROCESS, Pulse
from inflight.run.worker_process import BEAT

log = logging.getLogger("inflight")

Page = Callable[[str], tuple[str, bytes]]
"""Takes the request's `Accept`, and returns content type and body."""
WITHIN = 1.0
"""Seconds that the supervisor may take to read a response."""
MOST_BYTES = 4096


class Responder(threading.Thread):
    """Responds until the supervisor is gone; then it ends the worker, as a signal would."""

    def __init__(self, end: socket.socket, pulse: Pulse, pages: Mapping[str, Page]) -> None:
        super().__init__(name="inflight", daemon=True)
        self._end = end
        self._pulse = pulse
        self._pages = pages

    def run(self) -> None:
        """Respond."""
        leave_signals_to_main_thread()
        ready = select.poll()
        ready.register(self._end, select.POLLIN)
        while True:
            self._pulse.beat(PROCESS)
            if not ready.poll(BEAT * 1000):
                continue
            try:
                byte, descriptors, _, _ = socket.recv_fds(self._end, 1, 1)
            except OSError:
                byte, descriptors = b"", []
            if not byte:
                os.kill(os.getpid(), signal.SIGTERM)
                return
            for descriptor in descriptors:
                self._pulse.beat(PROCESS)
                self._respond(socket.socket(fileno=descriptor))

    def _respond(self, asked: socket.socket) -> None:
        with asked:
            try:
                asked.settimeout(WITHIN)
                path, accept, _ = asked.recv(MOST_BYTES).decode().split("\n")
                page = self._pages.get(path)
                if page is not None:  # else this worker could not be measured
                    send_response(asked, *page(accept))
            except Exception:
                log.exception("the supervisor's request cannot be responded to")
