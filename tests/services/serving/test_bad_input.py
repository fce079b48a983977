"""Bad input to real services: the documented status, as a problem, and nothing in the log that looks like a fault."""

from __future__ import annotations

import pytest

from tests.client import ask, get
from tests.problems import problem_of
from tests.stage import Standing, scrape

SERVICES = ("backend", "sync-gateway", "threadpool-gateway", "async-gateway")
REFUSED = {
    "/" + "x" * 65: 422,
    "/..": 422,
    "/task.1": 422,
    "/task%201": 422,
    "/task1%0A": 422,
    "/%00": 422,
    "/t%C3%A4sk": 422,
    "/%2e%2e": 422,
    "/a%2Fb": 404,
    "/..%2F..%2Fetc%2Fpasswd": 404,
    "/": 404,
    "/task1/": 404,
    "/a/b": 404,
    "//evil.example/task1": 404,
    "/task1?delay=nan": 422,
    "/task1?delay=inf": 422,
    "/task1?delay=-1": 422,
    "/task1?delay=1e9": 422,
    "/task1?delay=abc": 422,
    "/task1?delay=": 422,
    "/task1?delay=0&delay=nan": 422,
    "/task1?status=99": 422,
    "/task1?status=600": 422,
    "/task1?status=abc": 422,
    "/task1?status=200.5": 422,
    "/task1?status=404": 404,
    "/task1?status=500": 500,
    "/task1?status=599": 599,
}
TAKEN = {
    "/task1": 200,
    "/" + "x" * 64: 200,
    "/-_": 200,
    "/task1?delay=0.01": 200,
    "/task1?status=201": 201,
    "/task1?other=1": 200,
    "/task1?status=302": 302,
}


@pytest.mark.parametrize("name", SERVICES)
def test_bad_input_is_refused(standing: Standing, name: str) -> None:
    """Each wrong path and each wrong parameter has its documented status, in the body and on the wire."""
    for path, status in REFUSED.items():
        assert problem_of(get(standing.services[name].url + path), status), path


@pytest.mark.parametrize("name", SERVICES)
def test_a_problem_names_what_was_wrong(standing: Standing, name: str) -> None:
    """A bad parameter is named with what would be right."""
    url = standing.services[name].url
    assert problem_of(get(f"{url}/task1?delay=61&status=1"), 422) == (
        "delay: Input should be less than or equal to 60; status: Input should be greater than or equal to 200"
    )
    assert problem_of(get(f"{url}/a.b"), 422).startswith("task: String should match pattern")


@pytest.mark.parametrize("name", SERVICES)
def test_good_input_is_taken(standing: Standing, name: str) -> None:
    """What is at the edge of the allowed is allowed."""
    wrapped = b'{"message":"success"}' if name == "backend" else b'{"res":{"message":"success"}}'
    for path, status in TAKEN.items():
        response = get(standing.services[name].url + path)
        assert (response.status, response.type, response.body) == (status, "application/json", wrapped), path


@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.parametrize("status", [204, 205, 304])
def test_a_status_without_content_has_none(standing: Standing, name: str, status: int) -> None:
    """No body, and the next request on the same service is well."""
    url = standing.services[name].url
    response = get(f"{url}/task1?status={status}")
    assert (response.status, response.body) == (status, b"")
    assert get(f"{url}/task1").status == 200


@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_another_method_is_a_405(standing: Standing, name: str, method: str) -> None:
    """It says which method is allowed."""
    response = ask(method, f"{standing.services[name].url}/task1")
    problem_of(response, 405)
    assert response.header("allow") == "GET"


@pytest.mark.parametrize("name", SERVICES)
def test_a_method_that_http_does_not_have_is_a_400(standing: Standing, name: str) -> None:
    """The parser refuses it before the application hears of it."""
    assert ask("BREW", f"{standing.services[name].url}/task1").status == 400


@pytest.mark.parametrize("name", SERVICES)
def test_head_is_a_405_without_content(standing: Standing, name: str) -> None:
    """The response to HEAD has the problem's headers and no body (RFC 9110, section 9.3.2)."""
    response = ask("HEAD", f"{standing.services[name].url}/task1")
    assert (response.status, response.type, response.body) == (405, "application/problem+json", b"")


@pytest.mark.parametrize("name", SERVICES)
def test_the_documents_are_there(standing: Standing, name: str) -> None:
    """`/docs` and `/openapi.json` respond as FastAPI's users expect, and are not taken for tasks."""
    url = standing.services[name].url
    assert get(f"{url}/docs").type == "text/html"
    assert get(f"{url}/openapi.json").type == "application/json"


def test_bad_input_is_no_fault_of_the_services(standing: Standing) -> None:
    """After all of it: no traceback in a log, nothing in flight, and no label that a client made up."""
    for service in standing.services.values():
        get(f"{service.url}/made-up/path")
        ask("BREW", f"{service.url}/task1")
        get(f"{service.url}/..")
        metrics = scrape(service)
        assert metrics.value("http_requests_in_flight") == 0
        assert "made-up" not in metrics.text
        assert "BREW" not in metrics.text
    assert not [line for _, line in standing.said if "Traceback" in line or "unexpected" in line]
