"""The cases about what is before, while and after the body: uploads and streams."""

from __future__ import annotations

import socket
from time import perf_counter, sleep

import pytest

from inflight import linux
from tests.eventually import eventually
from tests.inflight.run.service import BARE, MEASURED, serving

pytestmark = pytest.mark.long

FORM = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
END = b"\r\n--x--\r\n"


def test_a_phones_upload_is_the_clients_time() -> None:
    """The body comes over a second and a half: that is `receive`, and neither the application's time nor a queue's."""
    with serving("uploads:app") as service, socket.create_connection(("127.0.0.1", service.port)) as phone:
        length = len(FORM) + 3000 + len(END)
        phone.sendall(
            b"POST /photo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: multipart/form-data; boundary=x\r\n"
            b"Content-Length: %d\r\n\r\n" % length + FORM
        )
        for _ in range(3):
            sleep(0.5)
            phone.sendall(b"y" * 1000)
        phone.sendall(END)
        response = b""
        while chunk := phone.recv(65536):
            response += chunk
        assert response.endswith(b"3000")
        timing = _timing(response)
        assert timing["receive"] > 1.2
        assert timing["total"] - timing["receive"] < timing["receive"]


def test_an_upload_that_nobody_wants_yet_is_not_unread_for_the_loop() -> None:
    """Megabytes lie in the sockets while the handlers await something: the loop is idle, and nobody waits for it."""
    with serving("uploads:app") as service:
        uploads = [socket.create_connection(("127.0.0.1", service.port)) for _ in range(5)]
        for upload in uploads:
            upload.sendall(b"POST /stream HTTP/1.1\r\nHost: x\r\nContent-Length: 3000000\r\n\r\n")
            upload.setblocking(False)
            sent = 1
            while sent:
                try:
                    sent = upload.send(b"z" * 100_000)
                except BlockingIOError:
                    sent = 0
        eventually(lambda: service.metrics().value("http_requests_in_flight", route="/stream"), 5)
        eventually(lambda: linux.unread_connections(service.port), 5)
        metrics = service.metrics()
        assert metrics.value("http_requests_in_flight", route="/stream") == 5
        assert metrics.value("http_requests_waiting", queue="kernel") == 0
        assert metrics.value("http_requests_waiting", queue="loop") == 0
        for upload in uploads:
            upload.close()


@pytest.mark.parametrize("launcher", [BARE, MEASURED], ids=["bare", "measured"])
def test_the_headers_of_events_leave_at_once(launcher: tuple[str, ...]) -> None:
    """The first event comes after 3 s; the client has the response headers long before."""
    with (
        serving("streams:app", launcher=launcher) as service,
        socket.create_connection(("127.0.0.1", service.port)) as client,
    ):
        client.sendall(b"GET /events HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        received = client.recv(65536)
        headers_at = perf_counter()
        assert received.startswith(b"HTTP/1.1 200 OK")
        assert b"data:" not in received
        while b"data: 0" not in received:
            received += client.recv(65536)
        assert perf_counter() - headers_at > 1.5
        while chunk := client.recv(65536):
            received += chunk
        assert received.count(b"data: ") == 3
        if launcher == MEASURED:
            metrics = service.metrics()
            first = metrics.value("http_request_first_byte_seconds_sum", route="/events")
            whole = metrics.value("http_request_duration_seconds_sum", route="/events")
            assert first is not None
            assert whole is not None
            assert whole - first > 2.5


def test_a_client_that_has_all_announced_bytes_is_a_200() -> None:
    """It closes before the generator has cleaned up, each of 40 times."""
    with serving("streams:app") as service:
        for _ in range(40):
            with socket.create_connection(("127.0.0.1", service.port)) as client:
                client.sendall(b"GET /relay HTTP/1.1\r\nHost: x\r\n\r\n")
                received = b""
                while b"\r\n\r\n" not in received or len(received.partition(b"\r\n\r\n")[2]) < 1000:
                    received += client.recv(65536)
        eventually(lambda: service.metrics().value("http_requests_completed_total", route="/relay"), 40)
        assert service.metrics().value("http_requests_completed_total", route="/relay", code="200") == 40


def _timing(response: bytes) -> dict[str, float]:
    from tests.inflight.server import timing_of

    return timing_of(response)
