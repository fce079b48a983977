"""A server that can do everything wrong: the path says what it does."""

from __future__ import annotations

import re
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

LOOPBACK = "127.0.0.1"
GOOD = b'{"message":"success"}'
PAUSE = 0.02
"""Seconds from one dribbled byte to the next."""
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER: on, 0 seconds. Closing then resets the connection."""


class FaultyServer:
    """Serves on a port of loopback from threads; `requests` holds the paths that were requested."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.over = threading.Event()
        self._connections: set[socket.socket] = set()
        self._listener = socket.create_server((LOOPBACK, 0))
        self.port: int = self._listener.getsockname()[1]
        self.url = f"http://{LOOPBACK}:{self.port}"
        self._start()

    @contextmanager
    def gone(self) -> Iterator[None]:
        """Refuse connections inside the block, and keep none open; the port stays ours."""
        self._stop()
        for connection in tuple(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind((LOOPBACK, self.port))  # a port that is bound only refuses connections
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
            while path := self._request(connection):
                self.requests.append(path)
                FAULTS[path](self, connection)
                if path != "good":
                    return

    def _request(self, connection: socket.socket) -> str:
        headers = b""
        while not headers.endswith(b"\r\n\r\n"):
            piece = connection.recv(65536)
            if not piece:
                return ""
            headers += piece
        return re.split("[/?]", headers.split()[1].decode())[1]

    def hang(self, connection: socket.socket) -> None:
        """Send nothing until the other side gives up."""
        while not self.over.is_set() and connection.recv(65536):
            pass


Fault = Callable[[FaultyServer, socket.socket], None]


def response(body: bytes, status: str = "200 OK", *headers: str) -> bytes:
    """Return an HTTP response with these headers and its length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Content-Type: application/json", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def sends(piece: bytes) -> Fault:
    """Return a fault: send this, then close the connection."""
    return lambda _server, connection: connection.sendall(piece)


def sends_then_hangs(piece: bytes) -> Fault:
    """Return a fault: send this, then nothing more."""

    def behave(server: FaultyServer, connection: socket.socket) -> None:
        connection.sendall(piece)
        server.hang(connection)

    return behave


def sends_then_resets(piece: bytes) -> Fault:
    """Return a fault: send this, then reset the connection."""

    def behave(_server: FaultyServer, connection: socket.socket) -> None:
        connection.sendall(piece)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)

    return behave


def sends_for_ever(begin: bytes, piece: bytes, pause: float = 0.0) -> Fault:
    """Return a fault: send the beginning, and then the piece again and again."""

    def behave(server: FaultyServer, connection: socket.socket) -> None:
        connection.sendall(begin)
        while not server.over.wait(pause):
            connection.sendall(piece)

    return behave


CUT = response(GOOD)[:-5]
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
FAULTS: dict[str, Fault] = {
    "good": sends(response(GOOD)),
    "moved": sends(response(GOOD, "302 Found", "Location: /good")),
    "status-204": sends(b"HTTP/1.1 204 No Content\r\n\r\n"),
    "status-404": sends(response(b"<h1>secret</h1>", "404 Not Found")),
    "status-500": sends(response(b"Traceback: secret", "500 Oh")),
    "status-503": sends(response(b"secret", "503 Later")),
    "closes": sends(b""),
    "resets": sends_then_resets(b""),
    "hangs": sends_then_hangs(b""),
    "half-a-body": sends(CUT),
    "half-a-body-hangs": sends_then_hangs(CUT),
    "half-a-body-resets": sends_then_resets(CUT),
    "half-a-chunk": sends(CHUNKED + b"15\r\n" + GOOD[:9]),
    "dribbles": sends_for_ever(CHUNKED, b"1\r\n \r\n", PAUSE),
    "dribbles-the-headers": sends_for_ever(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"z", PAUSE),
    "not-http": sends(b"SSH-2.0-OpenSSH_9.9\r\n\r\n"),
    "badly-zipped": sends(response(GOOD, "200 OK", "Content-Encoding: gzip")),
    "endless": sends_for_ever(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", b"x" * 65536),
    "endless-headers": sends_for_ever(b"HTTP/1.1 200 OK\r\nX-Long: ", b"z" * 65536),
}
