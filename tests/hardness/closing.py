"""A backend that closes connections as a test plans it, and counts every request that it received."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from tests.services.gateway.faulty import GOOD, RESET, response

Plan = Callable[[int, int], bytes | None]
"""From the connection's number and the request's number on it (both from 1) to the bytes sent; None resets.

After anything but a whole good response, the connection is closed.
"""
WHOLE = response(GOOD)


class ClosingBackend:
    """`received` holds, for each request in turn, the connection's number and the request's number on it."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.received: list[tuple[int, int]] = []
        self._connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Stop accepting."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._connections += 1
                threading.Thread(target=self._serve, args=(connection, self._connections), daemon=True).start()

    def _serve(self, connection: socket.socket, number: int) -> None:
        request, head = 0, b""
        with connection, suppress(OSError):
            while piece := connection.recv(65536):
                head += piece
                if not head.endswith(b"\r\n\r\n"):
                    continue
                request, head = request + 1, b""
                self.received.append((number, request))
                data = self.plan(number, request)
                if data is None:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                    return
                connection.sendall(data)
                if data != WHOLE:
                    return


@contextmanager
def closing_backend(plan: Plan) -> Iterator[ClosingBackend]:
    """Serve by the plan until the block is left."""
    backend = ClosingBackend(plan)
    try:
        yield backend
    finally:
        backend.close()
