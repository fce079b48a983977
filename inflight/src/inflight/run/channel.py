"""The channel between the supervisor and one worker: a pair of Unix sockets.

The worker sends messages. The supervisor asks, and each question is a socket of its own that it sends: so a late
response to one is none to the next, several can be under way, and there is no file that somebody else could open.
"""

from __future__ import annotations

import json
import socket
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from time import monotonic
from typing import Any

MOST_BYTES, MOST_DESCRIPTORS = 65536, 64
"""What is taken from the channel at a time."""
WITHIN, AT_MOST = 0.3, 3.0
"""Seconds that a worker has for a response."""
LONGEST_ACCEPT = 1000
"""Characters: a question has to fit into what a worker reads at a time."""


class Messages:
    """The supervisor's end, as a reader of messages."""

    def __init__(self, end: socket.socket) -> None:
        end.setblocking(False)  # in Python 3.11 `recv_fds` and `send_fds` forget their flags
        self._end = end
        self._text = b""
        self._descriptors: deque[int] = deque()

    def read(self) -> Iterator[tuple[dict[str, Any], list[int]]]:
        """Yield the messages that are there, with their descriptors. Raises EOFError when the worker has closed it."""
        while True:
            try:
                data, descriptors, *_ = socket.recv_fds(self._end, MOST_BYTES, MOST_DESCRIPTORS)
            except BlockingIOError:
                return
            except ConnectionError:
                raise EOFError from None
            if not data:
                raise EOFError
            self._descriptors.extend(descriptors)
            *lines, self._text = (self._text + data).split(b"\n")
            for line in lines:
                message = json.loads(line)
                yield message, [self._descriptors.popleft() for _ in range(message["descriptors"])]


def send(end: socket.socket, kind: str, descriptors: Sequence[int] = (), **facts: object) -> None:
    """Send a message to the supervisor; where there is none any more, nothing."""
    message = {"kind": kind, "descriptors": len(descriptors), **facts}
    with suppress(OSError):
        socket.send_fds(end, [json.dumps(message).encode() + b"\n"], descriptors)


def ask(end: socket.socket, path: str, accept: str) -> socket.socket | None:
    """Ask the worker for a page, and return where its response comes; None where it takes no more questions."""
    ours, theirs = socket.socketpair()
    with theirs:
        try:
            # Any client can fold an `Accept` into several lines, or make it too long.
            ours.sendall(f"{path}\n{' '.join(accept.split())[:LONGEST_ACCEPT]}\n".encode())
            socket.send_fds(end, [b"?"], [theirs.fileno()])
        except OSError:
            ours.close()
            return None
    return ours


def send_response(asked: socket.socket, content_type: str, body: bytes) -> None:
    """Respond with a page. Its length goes first: the supervisor may stop waiting, or the worker end, in the middle."""
    with suppress(OSError):
        asked.sendall(f"{len(body)} {content_type}\n".encode() + body)


def response(asked: socket.socket, asked_at: float, runs: Callable[[], bool]) -> tuple[str, bytes] | None:
    """Return the content type and the body that a worker responds with; None where it does not, in whole and in time.

    It has `WITHIN` seconds, and up to `AT_MOST` as long as it `runs`: a busy machine makes it slow, and not silent.
    """
    data = b""
    deadline = asked_at + WITHIN
    with asked:
        while True:
            try:
                asked.settimeout(max(0.001, deadline - monotonic()))
                chunk = asked.recv(MOST_BYTES)
            except TimeoutError:
                if monotonic() - asked_at > AT_MOST or not runs():
                    return None
                deadline = monotonic() + WITHIN
            except OSError:
                return None
            else:
                if not chunk:
                    break
                data += chunk
    head, _, body = data.partition(b"\n")
    length, _, content_type = head.decode().partition(" ")
    return (content_type, body) if length == str(len(body)) else None
