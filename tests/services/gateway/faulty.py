"""A backend that can do everything wrong: the task's name says what it does."""

from __future__ import annotations

import gzip
import json
import re
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from services.lab.process import LOOPBACK

GOOD = b'{"message":"success"}'
BEAT = 0.02
"""Seconds from one dribbled byte to the next."""
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER: on, 0 seconds. Closing then resets the connection."""
MEGABYTES = b'"' + b"x" * 10_000_000 + b'"'


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

    def dribble(self, connection: socket.socket, text: bytes) -> None:
        """Send a byte at a time, for ever."""
        while not self.over.wait(BEAT):
            for byte in text:
                connection.sendall(bytes([byte]))
                if self.over.wait(BEAT):
                    return


def answer(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    """Return an HTTP answer with these headers and its length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Content-Type: application/json", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


CUT = answer(GOOD)[:-5]
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
ENDLESS = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"


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


def hints_then_answers(backend: FaultyBackend, connection: socket.socket) -> None:
    """Say something in between, and after a while the answer (RFC 8297)."""
    connection.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n")
    backend.over.wait(5 * BEAT)
    connection.sendall(answer(GOOD))


def sends_for_ever(head: bytes, piece: bytes) -> Callable[[FaultyBackend, socket.socket], None]:
    """Return a behaviour: send the head, and then the piece again and again."""

    def behave(backend: FaultyBackend, connection: socket.socket) -> None:
        connection.sendall(head)
        while not backend.over.is_set():
            connection.sendall(piece)

    return behave


def dribbles(head: bytes, text: bytes) -> Callable[[FaultyBackend, socket.socket], None]:
    """Return a behaviour: send the head, and then the text a byte at a time, again and again."""

    def behave(backend: FaultyBackend, connection: socket.socket) -> None:
        connection.sendall(head)
        backend.dribble(connection, text)

    return behave


FAULTS: dict[str, Callable[[FaultyBackend, socket.socket], None]] = {
    "good": sends(answer(GOOD)),
    "closes": sends(),
    "resets": sends_then_resets(b""),
    "hangs": sends_then_hangs(b""),
    "half-a-head": sends(CUT[:30]),
    "half-a-body": sends(CUT),
    "half-a-body-hangs": sends_then_hangs(CUT),
    "half-a-body-resets": sends_then_resets(CUT),
    "half-a-chunk": sends(CHUNKED + b"15\r\n" + GOOD[:9]),
    "no-last-chunk": sends(CHUNKED + b"15\r\n" + GOOD + b"\r\n"),
    "bad-chunk": sends(CHUNKED + b"so many\r\n" + GOOD + b"\r\n"),
    "dribbles": dribbles(CHUNKED, b"1\r\n \r\n"),
    "dribbles-the-head": dribbles(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"z"),
    "not-http": sends(b"SSH-2.0-OpenSSH_9.9\r\n\r\n"),
    "not-json": sends(answer(b"<html>")),
    "no-body": sends(answer(b"")),
    "nan": sends(answer(b'{"x":NaN}')),
    "utf-16": sends(answer(json.dumps({"message": "success"}).encode("utf-16"))),
    "nested": sends(answer(b"[" * 100_000 + b"]" * 100_000)),
    "huge": sends(answer(MEGABYTES)),
    "zipped-huge": sends(answer(gzip.compress(MEGABYTES), "200 OK", "Content-Encoding: gzip")),
    "badly-zipped": sends(answer(GOOD, "200 OK", "Content-Encoding: gzip")),
    "endless": sends_for_ever(ENDLESS, b"x" * 65536),
    "endless-chunks": sends_for_ever(CHUNKED, b"1000\r\n" + b"x" * 0x1000 + b"\r\n"),
    "endless-head": sends_for_ever(b"HTTP/1.1 200 OK\r\nX-Long: ", b"z" * 65536),
    "long-header": sends(answer(GOOD, "200 OK", f"X-Long: {'z' * 10_000}")),
    "many-headers": sends(answer(GOOD, "200 OK", *(f"X-{number}: z" for number in range(110)))),
    "status-999": sends(answer(GOOD, "999 Beyond")),
    "status-101": sends(answer(b"", "101 Switching Protocols", "Upgrade: x", "Connection: upgrade")),
    "moved": sends(answer(GOOD, "302 Found", "Location: /good")),
    "moved-elsewhere": sends(answer(GOOD, "307 Temporary Redirect", "Location: http://127.0.0.1:1/")),
    "moved-endless": sends_for_ever(b"HTTP/1.1 302 Found\r\nLocation: /good\r\n\r\n", b"x" * 65536),
    "status-204": sends(b"HTTP/1.1 204 No Content\r\n\r\n"),
    "status-304": sends(b"HTTP/1.1 304 Not Modified\r\n\r\n"),
    "status-404": sends(answer(b"<h1>secret</h1>", "404 Not Found")),
    "status-500": sends(answer(b"Traceback: secret", "500 Oh")),
    "status-503": sends(answer(b"secret", "503 Later")),
    "zipped": sends(answer(gzip.compress(GOOD), "200 OK", "Content-Encoding: gzip")),
    "hints": hints_then_answers,
    "one-too-many": sends(answer(GOOD), answer(b'{"message":"stale"}')),
}
