"""A server that responds to one request when it may, so that a test can stand still when the response comes."""

from __future__ import annotations

import asyncio
import socket
import threading
from time import perf_counter, sleep

WITHIN = 20
LAG, GRAIN = 0.2, 0.02
"""Seconds that an event loop stands still, and by which the kernel's clock and ours may differ."""
HEAD, BODY = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nServer-Timing: total;dur=0\r\n\r\n", b'"hi"'
WHOLE, APART = (HEAD + BODY,), (HEAD, BODY)
"""The pieces in which a response comes."""


class OneResponse:
    """Listens, and in a thread takes one request; the kernel takes the connection even before that."""

    def __init__(self, pieces: tuple[bytes, ...] = WHOLE) -> None:
        self.pieces = pieces
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.asked = threading.Event()
        self.may_respond, self.responded = threading.Semaphore(0), threading.Semaphore(0)
        self.asked_at = self.ended_at = 0.0
        """When the request was here, and when the last piece was about to be sent; readings of `perf_counter`."""
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()

    async def answer_to_a_loop_that_stands_still(self) -> None:
        """When the request is here, end its response while the running loop does nothing, and for LAG seconds more."""
        while not self.asked.is_set():  # noqa: ASYNC110 - a thread sets it
            await asyncio.sleep(0.001)
        for _ in self.pieces[:-1]:
            self._respond()
            await asyncio.sleep(2 * GRAIN)  # it is read
        self._respond()
        sleep(LAG)  # noqa: ASYNC251 - to stand still is the point

    async def take_long_behind_an_unread_head(self) -> None:
        """Send the head to a loop that stands still for LAG, and the end when it has read that."""
        while not self.asked.is_set():  # noqa: ASYNC110 - a thread sets it
            await asyncio.sleep(0.001)
        self._respond()
        sleep(LAG)  # noqa: ASYNC251 - to stand still is the point
        await asyncio.sleep(2 * GRAIN)
        self._respond()

    @property
    def took(self) -> float:
        """The seconds from the request to the last piece: they are the server's own."""
        return self.ended_at - self.asked_at

    def _respond(self) -> None:
        self.may_respond.release()
        assert self.responded.acquire(timeout=WITHIN)

    def _serve(self) -> None:
        with self.listener, self.listener.accept()[0] as connection:
            while not connection.recv(65536).endswith(b"\r\n\r\n"):
                pass
            self.asked_at = perf_counter()
            self.asked.set()
            for piece in self.pieces:
                assert self.may_respond.acquire(timeout=WITHIN)
                self.ended_at = perf_counter()
                connection.sendall(piece)
                self.responded.release()
            connection.recv(1)  # until the client has gone
