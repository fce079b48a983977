"""The telemetry as one object."""

from inflight.telemetry import Telemetry


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
