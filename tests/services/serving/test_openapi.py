"""The OpenAPI documents, held against the running services by schemathesis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import openapi
from schemathesis.checks import not_a_server_error

from services.serving.parameters import MAX_DELAY
from tests.stage import Standing, scrape

SERVICES = ("backend", "sync-gateway", "threadpool-gateway", "async-gateway")
COUNTERS = (
    *(("backend", method, "/counters/{name}") for method in ("GET", "PUT")),
    ("backend", "POST", "/counters/{name}/increments"),
    ("async-gateway", "POST", "/counters/{name}"),
)
TIMEOUT = 30
NO_ROOM = 507
"""What a counter responds that cannot be larger."""
EXAMPLES = 25
"""For each service and each kind of input: right, and wrong on purpose."""


@pytest.mark.parametrize("mode", [schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE])
@pytest.mark.parametrize("name", SERVICES)
def test_answers_are_as_documented(standing: Standing, name: str, mode: Any) -> None:
    """Whatever is asked: a documented status, the documented media type, a body that matches its schema."""
    schema = openapi.from_url(f"{standing.services[name].url}/openapi.json")
    _check(schema["/{task}"]["GET"].as_strategy(generation_mode=mode))()
    assert scrape(standing.services[name]).value("http_requests_in_flight") == 0


@pytest.mark.parametrize("mode", [schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE])
@pytest.mark.parametrize(("name", "method", "path"), COUNTERS)
def test_counters_are_as_documented(standing: Standing, name: str, method: str, path: str, mode: Any) -> None:
    """The same of the counters' routes."""
    schema = openapi.from_url(f"{standing.services[name].url}/openapi.json")
    _check(schema[path][method].as_strategy(generation_mode=mode))()


def _check(cases: Any) -> Callable[[], None]:
    @seed(0)
    @settings(
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases)
    def check(case: Any) -> None:
        delay = case.query.get("delay")
        if isinstance(delay, float | int) and 0 <= delay <= MAX_DELAY:
            case.query["delay"] = 0  # good as it is, but not worth the wait
        (case.headers or {}).pop("If-Match", None)  # whether it is the counter's is not the schema's to say
        response = case.call_and_validate(timeout=TIMEOUT, excluded_checks=[not_a_server_error])
        if response.status_code >= 500 and response.status_code != NO_ROOM:
            assert str(case.query["status"]) == str(response.status_code), "a server error that nobody asked for"

    return check
