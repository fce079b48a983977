"""Where the platform cannot measure the kernel's wait, everything else works and the value is absent."""

import pytest
from services.telemetry import kernel

from tests.telemetry.server import served
from tests.telemetry.test_middleware import answers


def test_the_kernels_wait_is_absent_and_the_rest_is_there(monkeypatch: pytest.MonkeyPatch, loop: str) -> None:
    """As on macOS: no entry in `Server-Timing`, no sample in the gauge, none in the histogram; all else as ever."""
    monkeypatch.setattr(kernel, "AVAILABLE", False)
    with served(answers, loop) as server:
        answer = server.get().decode()
        assert answer.endswith("gone")
        assert "server-timing: loop;dur=" in answer
        assert "kernel" not in answer
        value = server.telemetry.registry.get_sample_value
        assert value("http_requests_waiting", {"queue": "kernel"}) is None
        assert value("http_requests_waiting", {"queue": "loop"}) == 0
        assert value("http_request_wait_seconds_count", {"queue": "kernel"}) is None
        assert value("http_request_wait_seconds_count", {"queue": "loop"}) == 1
