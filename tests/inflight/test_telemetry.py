"""The telemetry as one object."""

import pytest

from inflight.telemetry import ServerTiming, Telemetry


def test_what_is_expected_is_exported_as_0() -> None:
    """Before the first request: Prometheus sees no increase in a series that begins with it."""
    telemetry = Telemetry()
    telemetry.expect("GET", "/{task}", {200, 502})
    request = {"method": "GET", "route": "/{task}"}
    value = telemetry.registry.get_sample_value
    assert value("http_requests_completed_total", {**request, "code": "502"}) == 0
    assert value("http_requests_completed_total", {**request, "code": "503"}) is None
    assert value("http_request_duration_seconds_count", request) == 0
    assert value("http_requests_in_flight", request) == 0


@pytest.mark.parametrize(
    ("setting", "given", "header", "lines"),
    [
        ("off", None, False, False),
        ("LINES", None, True, True),
        ("off", "lines", True, True),
        ("lines", True, True, False),
    ],
)
def test_the_header_is_the_environments_where_the_program_does_not_say(
    monkeypatch: pytest.MonkeyPatch, setting: str, given: ServerTiming | None, header: bool, lines: bool
) -> None:
    """Whether there is one, and whether it names lines."""
    monkeypatch.setenv("INFLIGHT_SERVER_TIMING", setting)
    telemetry = Telemetry(server_timing=given)
    assert (telemetry.server_timing, telemetry.names_lines) == (header, lines)
