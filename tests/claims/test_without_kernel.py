"""Where the platform cannot measure the kernel's wait, everything else works and the value is absent."""

import pytest

from inflight import linux
from inflight.linux import tcp_info
from tests.eventually import eventually
from tests.inflight.server import served
from tests.inflight.test_exchange import in_pieces


def test_the_kernels_wait_is_absent_and_the_rest_is_there(monkeypatch: pytest.MonkeyPatch, loop: str) -> None:
    """As on macOS: no entry in `Server-Timing`, no sample in the gauge, none in the histogram; all else as ever."""
    monkeypatch.setattr(tcp_info, "AVAILABLE", False)
    monkeypatch.setattr(linux, "AVAILABLE", False)
    with served(in_pieces, loop) as server:
        response = server.get().decode()
        assert response.endswith("gone")
        assert "server-timing: loop;dur=" in response
        assert "kernel" not in response
        eventually(lambda: server.value("http_request_wait_seconds_count", queue="loop"), 1)
        assert server.value("http_requests_waiting", queue="loop") == 0
        assert server.value("http_requests_waiting", queue="kernel") is None
        assert server.value("http_request_wait_seconds_count", queue="kernel") is None
