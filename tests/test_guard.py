"""What a client may send, and what becomes of it when it sends something else."""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator
from contextlib import suppress

import pytest

from services.guard import MAX_BODY, MAX_HEAD
from tests.eventually import eventually
from tests.guarded import HEAD, refusal, sent, served_backend
from tests.telemetry.server import Served, request

MUTATIONS = 3000
UPGRADE = b"Connection: upgrade\r\nUpgrade: h2c\r\n"


@pytest.fixture(scope="module")
def backend() -> Iterator[Served]:
    """The backend, as the service starts it, with little patience."""
    with served_backend() as backend:
        yield backend


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /task1 HTTP/1.1\nHost: x\n\n",
        HEAD + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n",
        HEAD + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        HEAD + b"Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
        HEAD + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        HEAD + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
        HEAD + b"X: a\r\n folded\r\n\r\n",
        HEAD + b"X : a\r\n\r\n",
        HEAD + b"Content-Length: -1\r\n\r\n",
        HEAD + b"Content-Length: 99999999999999999999999\r\n\r\n",
        b"GET /task\x001 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /task1 HTTP/1.1\r\n\r\n",
        b"GET /task1 HTTP/1.2\r\nHost: x\r\n\r\n",
        b"GET /task1 HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        b"GET /task1 HTTP/1.0\r\nHost: x\r\nHost: y\r\n\r\n",
        HEAD + UPGRADE + b"Content-Length: 35\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n",
        HEAD + UPGRADE + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ],
)
def test_what_is_not_well_formed_is_a_400(backend: Served, data: bytes) -> None:
    """Requests that two servers could read in two ways (smuggling) among them."""
    assert refusal(sent(backend, data)) == 400


def test_another_version_is_a_505(backend: Served) -> None:
    """HTTP/0.9 has no status to answer with, so it is told in the words of its successor."""
    assert refusal(sent(backend, b"GET /task1\r\n\r\n")) == 505
    assert refusal(sent(backend, b"GET /task1 HTTP/2.0\r\nHost: x\r\n\r\n")) == 505


def test_a_refusal_waits_for_the_answers_before_it(backend: Served) -> None:
    """Answers come in the order of the requests (RFC 9112, section 9.3.2); the first is not cut off, and not a 400."""
    before = backend.value("http_requests_completed_total", method="GET", route="/{task}", code="200")
    answers = sent(backend, 2 * request("/task1?delay=0.1") + b"GARBAGE\r\n\r\n")
    assert [part.split()[0] for part in answers.split(b"HTTP/1.1 ")[1:]] == [b"200", b"200", b"400"]
    after = backend.value("http_requests_completed_total", method="GET", route="/{task}", code="200")
    assert after == before + 2


def test_an_upgrade_is_not_taken_and_ends_the_connection(backend: Served) -> None:
    """The request is served; what follows might be another protocol, so that the client is told to ask again."""
    answer = sent(backend, HEAD + UPGRADE + b"\r\n" + request("/task2"))
    assert answer.count(b"HTTP/1.1 200 OK") == 1
    assert b"connection: close" in answer


@pytest.mark.parametrize("header", [b"X: " + b"a" * MAX_HEAD, b"X: a\r\n" * (MAX_HEAD // 6)])
def test_too_large_a_head_is_a_431(backend: Served, header: bytes) -> None:
    """One header without end, or headers without end: memory stays bounded."""
    assert refusal(sent(backend, HEAD + header)) == 431


def test_too_long_a_target_is_a_431(backend: Served) -> None:
    """It is part of the head."""
    assert refusal(sent(backend, b"GET /" + b"a" * MAX_HEAD)) == 431


def test_a_head_just_within_the_limit_is_served(backend: Served) -> None:
    """The limit is for the head of one request, not for all that a connection brings."""
    one = HEAD + b"X: " + b"a" * (MAX_HEAD - len(HEAD) - 100) + b"\r\n"
    answers = sent(backend, (one + b"\r\n") * 3 + one + b"Connection: close\r\n\r\n")
    assert answers.count(b"HTTP/1.1 200 OK") == 4


def test_too_large_a_body_is_a_413(backend: Served) -> None:
    """It is refused when it is announced, before any of it is read."""
    assert refusal(sent(backend, HEAD + b"Content-Length: %d\r\n\r\n" % (MAX_BODY + 1) + b"a" * 100)) == 413


def test_a_body_that_nobody_asked_for_does_no_harm(backend: Served) -> None:
    """A GET may have one; what follows it on the connection is served too."""
    first = HEAD + b"Content-Length: 5\r\n\r\nhello"
    assert sent(backend, first + request("/task2", close=True)).count(b"HTTP/1.1 200 OK") == 2


@pytest.mark.parametrize(
    "rest", [b"0\r\n" + b"A: b\r\n" * MAX_HEAD, b"0\r\nA: " + b"b" * 2 * MAX_HEAD, b"5;" + b"x" * 2 * MAX_HEAD]
)
def test_what_stands_around_a_body_has_bounds_too(backend: Served, rest: bytes) -> None:
    """Trailers, and a chunk's extensions: the answer to the request that brings them is the connection's last."""
    answer = b""
    with backend.connect() as connection:
        with suppress(ConnectionError):  # what it does not read, it resets
            connection.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + rest + b"\r\n\r\n" + request("/task2"))
        with suppress(ConnectionError):
            while piece := connection.recv(65536):
                answer += piece
    assert answer.count(b"HTTP/1.1") == 1
    assert answer.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("delay", [0, 0.1])
def test_a_request_whose_body_is_bad_has_one_answer(backend: Served, delay: float) -> None:
    """Its own, which was on its way; a second would be taken for the answer to the next request."""
    head = b"GET /task1?delay=%g HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" % delay
    answer = sent(backend, head + b"ZZ\r\n" + request("/task2"))
    assert answer.count(b"HTTP/1.1") == 1
    assert answer.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "target", ["http://evil.example/task1", "//evil.example/task1", "/..%2ftask1", "/%2e%2e/task1"]
)
def test_no_target_is_taken_for_another(backend: Served, target: str) -> None:
    """An absolute target's host is nothing to us; whatever is not one name is a 404."""
    status = int(backend.get(target).split()[1])
    assert status == (200 if target.startswith("http:") else 404)


def mutated(good: bytes, chance: random.Random) -> bytes:
    """Return a message with some of its bytes changed, doubled, removed or cut off."""
    data = bytearray(good)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(data) or 1)
        what = chance.randrange(5)
        if what == 0 and data:
            data[at] = chance.randrange(256)
        elif what == 1:
            data[at:at] = bytes(chance.randrange(256) for _ in range(chance.randint(1, 8)))
        elif what == 2:
            del data[at : at + chance.randint(1, 8)]
        elif what == 3:
            data[at:at] = data[at : at + chance.randint(1, 40)]
        else:
            del data[max(1, at) :]
    return bytes(data)


def test_malformed_messages_by_the_thousand(backend: Served, caplog: pytest.LogCaptureFixture) -> None:
    """The process lives, answers the next good request, logs no traceback, and no label has grown."""
    good = [
        request("/task1?delay=0&status=404"),
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        HEAD + b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\nhello",
        b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
        b"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n",
        HEAD + b"Connection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    ]
    chance = random.Random(20240420)
    logging.getLogger("uvicorn").addHandler(caplog.handler)  # it passes nothing on to where caplog listens
    for number in range(MUTATIONS):
        with backend.connect() as connection:
            connection.sendall(mutated(good[number % len(good)], chance))
    assert backend.get("/task1").endswith(b'{"message":"success"}')
    eventually(lambda: backend.telemetry.live.in_flight | backend.telemetry.live.in_loop, set())
    labels = {
        (sample.labels["method"], sample.labels["route"])
        for family in backend.telemetry.registry.collect()
        for sample in family.samples
        if "route" in sample.labels
    }
    assert {route for _, route in labels} <= {"/{task}", "unmatched"}
    logging.getLogger("uvicorn").removeHandler(caplog.handler)
    assert "Traceback" not in caplog.text
