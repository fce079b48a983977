"""The counters over HTTP, on a real backend."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from services.backend.counter_routes import MOST_BYTES
from tests.stage import Standing

TIMEOUT = 30
BAD_BODIES = {
    b"": 422,
    b"7": 422,
    b"{}": 422,
    b'{"value":-1}': 422,
    b'{"value":"7"}': 422,
    b'{"value":1.5}': 422,
    b'{"value":9007199254740992}': 507,
    b'{"value":7,"more":1}': 422,
    b'{"value":' + b" " * MOST_BYTES + b"7}": 413,
}


def test_read_write_and_write_if_unchanged(standing: Standing) -> None:
    """The ETag that was read lets one write through; a second writer who read the same gets a 412."""
    url = f"{standing.backend.url}/counters/read-write"
    read = requests.get(url, timeout=TIMEOUT)
    assert read.json() == {"value": 0}
    headers = {"If-Match": read.headers["ETag"]}
    written = requests.put(url, json={"value": 5}, headers=headers, timeout=TIMEOUT)
    assert (written.status_code, written.json()) == (200, {"value": 5})
    late = requests.put(url, json={"value": 6}, headers=headers, timeout=TIMEOUT)
    assert (late.status_code, late.json()["status"]) == (412, 412)
    again = requests.get(url, timeout=TIMEOUT)
    assert (again.json(), again.headers["ETag"]) == ({"value": 5}, written.headers["ETag"])
    assert requests.put(url, json={"value": 6}, timeout=TIMEOUT).json() == {"value": 6}


def test_increments_are_atomic(standing: Standing) -> None:
    """Of many at once none is lost, and each gets a value of its own."""
    url = f"{standing.backend.url}/counters/atomic/increments"
    with ThreadPoolExecutor(10) as pool:
        responses = list(pool.map(lambda _: requests.post(url, timeout=TIMEOUT), range(30)))
    assert sorted(response.json()["value"] for response in responses) == list(range(1, 31))


def test_a_key_counts_once(standing: Standing) -> None:
    """The second try gets the first one's response."""
    url = f"{standing.backend.url}/counters/keyed"
    tries = [
        requests.post(f"{url}/increments", headers={"Idempotency-Key": "8e03978e"}, timeout=TIMEOUT) for _ in range(2)
    ]
    assert [each.json() for each in tries] == [{"value": 1}] * 2
    assert requests.get(url, timeout=TIMEOUT).json() == {"value": 1}


@pytest.mark.parametrize("body", BAD_BODIES, ids=range(len(BAD_BODIES)))
def test_a_bad_body_is_a_problem(standing: Standing, body: bytes) -> None:
    """It writes nothing."""
    url = f"{standing.backend.url}/counters/bad-body"
    response = requests.put(url, data=body, timeout=TIMEOUT)
    assert response.headers["Content-Type"] == "application/problem+json"
    assert (response.status_code, response.json()["status"]) == (BAD_BODIES[body], BAD_BODIES[body])
    assert requests.get(url, timeout=TIMEOUT).json() == {"value": 0}


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/counters/a.b", {}, 422),
        ("PUT", "/counters/ok/more", {}, 404),
        ("DELETE", "/counters/ok", {}, 405),
        ("GET", "/counters/ok/increments", {}, 405),
        ("POST", "/counters/ok/increments", {"Idempotency-Key": "x" * 65}, 422),
        ("POST", "/counters/ok/increments", {"Idempotency-Key": "a b"}, 422),
    ],
)
def test_bad_use_is_a_problem(standing: Standing, method: str, path: str, headers: dict[str, str], status: int) -> None:
    """The documented status, in the body and on the wire."""
    response = requests.request(method, standing.backend.url + path, headers=headers, timeout=TIMEOUT)
    assert (response.status_code, response.json()["status"]) == (status, status)


def test_the_document_has_the_routes(standing: Standing) -> None:
    """With the statuses that they respond with, and the ETag."""
    paths = requests.get(f"{standing.backend.url}/openapi.json", timeout=TIMEOUT).json()["paths"]
    counter = paths["/counters/{name}"]
    assert counter.keys() == {"get", "put"}
    assert {"200", "412", "413", "422", "507"} <= counter["put"]["responses"].keys()
    assert "value" in counter["put"]["requestBody"]["content"]["application/json"]["schema"]["properties"]
    assert "ETag" in counter["get"]["responses"]["200"]["headers"]
    assert paths["/counters/{name}/increments"].keys() == {"post"}
