"""A backend that can do everything wrong: the task's name says what it does."""

from __future__ import annotations

import gzip
import re
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from services.lab.process import LOOPBACK

GOOD = b'{"message":"success"}'
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER: on, 0 seconds. Closing then resets the connection."""


class FaultyBackend:
    """Serves on a port of loopback from threads.

    `asked` holds the tasks that it was asked for, `served` counts those that it has done with.
    """

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.served: Counter[str] = Counter()
        self.over = threading.Event()
        self._connections: set[socket.socket] = set()
        self._listener = socket.create_server((LOOPBACK, 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://{LOOPBACK}:{self.port}"
        self._start()

    @contextmanager
    def gone(self) -> Iterator[None]:
        """Have nobody listen on the port inside the block, and no connection open; the port stays ours."""
        self._stop()
        for connection in tuple(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind((LOOPBACK, self.port))  # who connects to a port that is bound only is refused
        try:
            yield
        finally:
            self._listener.listen()
            self._start()

    def close(self) -> None:
        """Stop; what hangs is let go."""
        self.over.set()
        self._stop()

    def _start(self) -> None:
        self._thread = threading.Thread(target=self._accept, args=(self._listener,), daemon=True)
        self._thread.start()

    def _stop(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        self._connections.add(connection)
        with connection, suppress(OSError):
            while task := self._task(connection):
                self.asked.append(task)
                FAULTS[task](self, connection)
                self.served[task] += 1
                if task != "good":
                    return

    def _task(self, connection: socket.socket) -> str:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            piece = connection.recv(65536)
            if not piece:
                return ""
            head += piece
        return re.split("[/?]", head.split()[1].decode())[1]

    def hang(self, connection: socket.socket) -> None:
        """Say nothing until the other side gives up."""
        while not self.over.is_set() and connection.recv(65536):
            pass


def response(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    """Return an HTTP response with these headers and its length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Content-Type: application/json", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


CUT = response(GOOD)[:-5]
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def sends(*pieces: bytes) -> Callable[[FaultyBackend, socket.socket], None]:
    """Return a behaviour: send these, then close the connection."""

    def behave(_backend: FaultyBackend, connection: socket.socket) -> None:
        for piece in pieces:
            connection.sendall(piece)

    return behave


def sends_then_hangs(piece: bytes) -> Callable[[FaultyBackend, socket.socket], None]:
    """Return a behaviour: send this, then nothing more."""

    def behave(backend: FaultyBackend, connection: socket.socket) -> None:
        connection.sendall(piece)
        backend.hang(connection)

    return behave


def sends_then_resets(piece: bytes) -> Callable[[FaultyBackend, socket.socket], None]:
    """Return a behaviour: send this, then reset the connection."""

    def behave(_backend: FaultyBackend, connection: socket.socket) -> None:
        connection.sendall(piece)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)

    return behave


FAULTS: dict[str, Callable[[FaultyBackend, socket.socket], None]] = {
    "good": sends(response(GOOD)),
    "closes": sends(),
    "resets": sends_then_resets(b""),
    "hangs": sends_then_hangs(b""),
    "half-the-headers": sends(CUT[:30]),
    "half-a-body": sends(CUT),
    "half-a-body-hangs": sends_then_hangs(CUT),
    "half-a-body-resets": sends_then_resets(CUT),
    "half-a-chunk": sends(CHUNKED + b"15\r\n" + GOOD[:9]),
    "not-http": sends(b"SSH-2.0-OpenSSH_9.9\r\n\r\n"),
    "not-json": sends(response(b"<html>")),
    "no-body": sends(response(b"")),
    "nan": sends(response(b'{"x":NaN}')),
    "nested": sends(response(b"[" * 100_000 + b"]" * 100_000)),
    "badly-zipped": sends(response(GOOD, "200 OK", "Content-Encoding: gzip")),
    "redirects": sends(response(b"", "302 Found", "Location: http://127.0.0.1:1/elsewhere")),
    "status-204": sends(b"HTTP/1.1 204 No Content\r\n\r\n"),
    "status-304": sends(b"HTTP/1.1 304 Not Modified\r\n\r\n"),
    "status-404": sends(response(b"<h1>secret</h1>", "404 Not Found")),
    "status-500": sends(response(b"Traceback: secret", "500 Oh")),
    "zipped": sends(response(gzip.compress(GOOD), "200 OK", "Content-Encoding: gzip")),
}
