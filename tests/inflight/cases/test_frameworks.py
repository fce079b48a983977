"""The cases about labels and lifespans of real applications."""

from __future__ import annotations

import pytest

from tests.eventually import eventually
from tests.inflight.run.service import serving

pytestmark = pytest.mark.long

ASKED = {
    "/v1/users/1": "/v1/users/{id}",
    "/v2/users/1": "/v2/users/{id}",
    "/v2/users/x": "/v2/users/{id}",
    "/shop/cart/7": "/shop/cart/{n}",
    "/shop/deep/x": "/shop/deep/x",
    "/static/a.js": "/static/{path}",
    "/static/none.js": "/static/{path}",
    "/mcp/any/thing": "/mcp/{path}",
    "/api/a/mid/b/things/1": "/api/a/mid/b/things/{id}",
    "/raw/a/b": "/raw/{p}",
    "/nowhere": "unmatched",
}


@pytest.mark.parametrize("root", ["", "/proxied"])
def test_mounts(root: str) -> None:
    """Each request counts under the whole template of what it asked for, whoever responds, whatever the prefix."""
    with serving("mounts:app", environment={"ROOT": root}) as service:
        responses = {path: service.get(root + path) for path in ASKED}
        refused = service.get(f"{root}/v1/users/1", headers={"x-refuse": "1"})
        preflight = service.get(
            f"{root}/v1/users/1", "OPTIONS", headers={"Origin": "http://x", "Access-Control-Request-Method": "GET"}
        )
        metrics = service.metrics()
    assert refused.status == 429
    assert preflight.status == 200
    assert metrics.value("http_requests_completed_total", route="/v1/users/{id}", code="429") == 1
    assert metrics.value("http_requests_completed_total", route="/v1/users/{id}", method="OPTIONS") == 1
    counted = {
        (each.labels["route"], each.labels["code"])
        for each in metrics.samples
        if each.name == "http_requests_completed_total" and each.labels["method"] == "GET" and each.value
    }
    assert counted - {("/v1/users/{id}", "429")} == {
        (template, str(responses[path].status)) for path, template in ASKED.items()
    }


def test_django_views() -> None:
    """No lifespan, sync views: the pattern is the label, a blocked loop is seen while it stands, and who waited."""
    with serving("django_views:app") as service:
        reports = [each.result() for each in service.at_once(10, "/report/2024/")]
        assert {each.body for each in reports} == {b"ok"}
        (blocked,) = service.at_once(1, "/blocks/")
        eventually(lambda: (service.metrics().value("event_loop_stalled_seconds") or 0) > 0.5, wanted=True)
        waited = service.get("/quick/")
        assert blocked.result().status == 200
        assert waited.timing.get("kernel", 0) + waited.timing["loop"] > 0.3
        metrics = service.metrics()
        assert metrics.value("http_requests_completed_total", route="report/<int:year>/", code="200") == 10
        assert metrics.value("http_requests_completed_total", route="unmatched") is None
        waiting = {each.labels["queue"] for each in metrics.samples if each.name == "http_requests_waiting"}
        assert waiting == {"kernel", "loop", "thread"}
