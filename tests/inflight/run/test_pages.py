"""The admin port of a service under `inflight run`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.inflight.run.service import serving

pytestmark = pytest.mark.long

OPENMETRICS = "application/openmetrics-text; version=1.0.0"


def test_the_requests_in_flight_are_those_of_all_workers() -> None:
    """Each with its worker's number; only loopback may ask, unless other networks are named."""
    with serving("default_executor:app", "--workers", "2") as service:
        seen: list[dict[str, list[dict[str, object]]]] = []
        calls = service.at_once(12, "/sync")
        while not seen or not all(call.done() for call in calls):
            seen.append(_document(service.page("/requests").body))
        document = max(seen, key=lambda each: len(each["requests"]))
        assert 2 <= len(document["requests"]) <= 12
        assert {entry["worker"] for entry in document["processes"]} == {1, 2}
        assert {entry["worker"] for entry in document["requests"]} <= {1, 2}
        assert {entry["route"] for entry in document["requests"]} == {"/sync"}
        assert {call.result().status for call in calls} == {200}
    with serving("launchers:app", "--admin-requests-from", "10.0.0.0/8") as service:
        assert service.page("/requests").status == 403
        assert service.page("/metrics").status == 200


def test_a_scraper_gets_the_format_that_it_accepts() -> None:
    """Text, or OpenMetrics."""
    with serving("launchers:app") as service:
        response = service.page("/metrics", {"Accept": OPENMETRICS})
        assert response.headers["content-type"].startswith("application/openmetrics-text")
        assert response.body.endswith(b"# EOF\n")
        assert service.page("/metrics").headers["content-type"].startswith("text/plain")
        assert service.page("/nowhere").status == 404
        assert b"event_loop_lag" in service.page("/metrics", {"Accept": "text/plain;q=0.1," * 300}).body


def test_the_header_can_be_left_out() -> None:
    """The ledgers go on into the metrics."""
    with serving("launchers:app", environment={"INFLIGHT_SERVER_TIMING": "off"}) as service:
        assert "server-timing" not in service.get("/invoices").headers
        assert service.metrics().value("http_request_wait_seconds_count", queue="loop") == 1


def test_a_file_of_the_environment_is_heeded(tmp_path: Path) -> None:
    """The server's `--env-file` may hold what is said to inflight."""
    file = tmp_path / "env"
    file.write_text("INFLIGHT_SERVER_TIMING=off\nINFLIGHT_WITHOUT=nothing\nINFLIGHT_BLOCKED_AFTER=never\n")
    with serving("launchers:app", "--env-file", str(file)) as service:
        assert "server-timing" not in service.get("/invoices").headers
        service.until("INFLIGHT_WITHOUT: nothing is no library")
        service.until("INFLIGHT_BLOCKED_AFTER='never' is not a number")


def _document(body: bytes) -> dict[str, list[dict[str, object]]]:
    found: dict[str, list[dict[str, object]]] = json.loads(body)
    return found
