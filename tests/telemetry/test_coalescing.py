"""Head and body as one write."""

from typing import Any

from starlette.types import Receive, Scope, Send

from services.telemetry.coalescing import CoalescingTransport
from tests.telemetry.server import read_all, read_until, request, served

HEAD = b"HTTP/1.1 200 OK\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class FakeTransport:
    """Notes what is written, and that it was closed."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.writes.append(data)

    def close(self) -> None:
        self.writes.append(b"closed")

    def is_closing(self) -> bool:
        return b"closed" in self.writes

    def get_extra_info(self, name: str) -> str:
        return f"info on {name}"


def coalescing() -> tuple[Any, FakeTransport]:
    """Return the transport, and the one beneath it."""
    transport = FakeTransport()
    return CoalescingTransport(transport), transport  # type: ignore[arg-type]


def test_head_and_body_are_one_write() -> None:
    """And the flush at the answer's end finds nothing to do."""
    transport, beneath = coalescing()
    transport.write(HEAD)
    assert beneath.writes == []
    transport.write(b"body")
    transport.write(b"more")
    transport.flush()
    assert beneath.writes == [HEAD + b"body", b"more"]


def test_a_head_alone_leaves_when_it_is_flushed() -> None:
    """An answer to HEAD has nothing else, and the next answer's head is its own."""
    transport, beneath = coalescing()
    transport.write(HEAD)
    transport.flush()
    transport.write(HEAD)
    transport.write(b"body")
    assert beneath.writes == [HEAD, HEAD + b"body"]


def test_a_piece_of_a_body_is_none_whatever_it_looks_like() -> None:
    """A body may hold an HTTP message; only the first of an answer's writes is its head."""
    transport, beneath = coalescing()
    transport.write(HEAD)
    transport.write(b"body")
    transport.write(HEAD)
    assert beneath.writes == [HEAD + b"body", HEAD]


def test_an_interim_answer_is_not_held_back() -> None:
    """The client sends its body only when it has read it."""
    transport, beneath = coalescing()
    transport.write(CONTINUE)
    assert beneath.writes == [CONTINUE]


def test_nothing_is_lost_or_turned_around() -> None:
    """Not when a body looks like a head, not when the connection is closed."""
    transport, beneath = coalescing()
    for data in (HEAD, HEAD, b"HTTP/1.1 in a body", b"x"):
        transport.write(data)
    transport.close()
    assert b"".join(beneath.writes) == HEAD + HEAD + b"HTTP/1.1 in a body" + b"x" + b"closed"
    assert transport.is_closing()


def test_the_rest_is_the_transports_own() -> None:
    """Uvicorn asks it for addresses, among other things."""
    transport, _ = coalescing()
    assert transport.get_extra_info("peername") == "info on peername"


def test_an_answer_without_a_body_arrives(loop: str) -> None:
    """HEAD and 204: nothing follows the head, and the connection serves the next request."""

    async def app(scope: Scope, _receive: Receive, send: Send) -> None:
        status = 204 if scope["path"] == "/none" else 200
        headers = [] if status == 204 else [(b"content-length", b"2")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if status == 204 else b"ok"})

    with served(app, loop) as server, server.connect() as connection:
        for path, method, end in (("/", "HEAD", b"\r\n\r\n"), ("/none", "GET", b"\r\n\r\n"), ("/", "GET", b"ok")):
            connection.sendall(request(path, method))
            assert read_until(connection, end).startswith(b"HTTP/1.1 20")


def test_an_application_that_dies_after_its_head_has_sent_it(loop: str) -> None:
    """The client sees the head, and then that the connection is closed."""

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        raise RuntimeError

    with served(app, loop) as server, server.connect() as connection:
        connection.sendall(request())
        answer = read_all(connection)
        assert answer.startswith(b"HTTP/1.1 200")
        assert answer.endswith(b"\r\n\r\n")


def test_a_client_that_waits_for_leave_to_send_its_body_gets_it(loop: str) -> None:
    """`Expect: 100-continue` (RFC 9110, section 10.1.1)."""

    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        body = (await receive())["body"]
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": body})

    with served(app, loop) as server, server.connect() as connection:
        connection.sendall(request(method="PUT")[:-2] + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        assert read_until(connection, b"\r\n\r\n") == CONTINUE
        connection.sendall(b"ok")
        assert read_until(connection, b"ok").startswith(b"HTTP/1.1 200")
