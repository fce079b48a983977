"""What comes back from a worker: whole, or nothing."""

from __future__ import annotations

import socket
from time import monotonic

import pytest

from inflight.run.channel import LONGEST_ACCEPT, ask, response, send_response
from inflight.run.responder import MOST_BYTES


@pytest.mark.parametrize(
    ("accept", "asked"),
    [
        ("text/plain", "text/plain"),
        ("a" * 100_000, "a" * LONGEST_ACCEPT),
        ("text/html,\r\n text/plain", "text/html, text/plain"),
    ],
    ids=["short", "long", "folded"],
)
def test_a_question_is_two_lines_whatever_is_accepted(accept: str, asked: str) -> None:
    """A worker reads it in one piece."""
    ours, workers = socket.socketpair()
    with ours, workers:
        answered = ask(ours, "/metrics", accept)
        assert answered is not None
        _, (descriptor,), _, _ = socket.recv_fds(workers, 1, 1)
        with answered, socket.socket(fileno=descriptor) as question:
            assert question.recv(MOST_BYTES).decode() == f"/metrics\n{asked}\n"


def test_a_page_comes_back_as_it_was_sent() -> None:
    """Its lines and its content type."""
    ours, theirs = socket.socketpair()
    with theirs:
        send_response(theirs, "text/plain; version=1", b"a 1\nb 2\n")
    assert response(ours, monotonic(), lambda: False) == ("text/plain; version=1", b"a 1\nb 2\n")


@pytest.mark.parametrize("sent", [b"", b"8 text/plain", b"8 text/plain\na 1\nb", b"a 1\nb 2\n"])
def test_half_a_page_is_none(sent: bytes) -> None:
    """A worker may end, or give up, in the middle: half of a number would pass for one."""
    ours, theirs = socket.socketpair()
    with theirs:
        theirs.sendall(sent)
    assert response(ours, monotonic(), lambda: False) is None
