"""`POST /counters/{name}` of the three gateways, in front of a real backend."""

from __future__ import annotations

import ast
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from services.gateway import counters
from services.gateway.app import MODULES
from tests.stage import Standing

FOLDER = Path(counters.__file__).parent
TIMEOUT = 60
TOGETHER = 8


def value(standing: Standing, name: str) -> int:
    """Return what the backend has counted."""
    number: int = requests.get(f"{standing.backend.url}/counters/{name}", timeout=TIMEOUT).json()["value"]
    return number


@pytest.mark.parametrize("mode", MODULES)
@pytest.mark.parametrize("write", ["plain", "if-match", "atomic"])
def test_one_after_another_all_count(standing: Standing, mode: str, write: str) -> None:
    """However it is written, where nobody else writes."""
    name = f"{mode}-{write}"
    url = f"{standing.gateways[mode].url}/counters/{name}?write={write}"
    responses = [requests.post(url, timeout=TIMEOUT) for _ in range(3)]
    assert [response.json() for response in responses] == [{"res": {"value": count}} for count in (1, 2, 3)]
    assert value(standing, name) == 3


@pytest.mark.parametrize("mode", ["threadpool", "async"])
@pytest.mark.parametrize("write", ["if-match", "atomic"])
def test_at_once_all_count(standing: Standing, mode: str, write: str) -> None:
    """What is written only if unchanged, or atomically, is not lost."""
    name = f"{mode}-{write}-at-once"
    url = f"{standing.gateways[mode].url}/counters/{name}?write={write}&delay=0.2"
    with ThreadPoolExecutor(TOGETHER) as pool:
        statuses = list(pool.map(lambda _: requests.post(url, timeout=TIMEOUT).status_code, range(TOGETHER)))
    assert statuses == [200] * TOGETHER
    assert value(standing, name) == TOGETHER


@pytest.mark.parametrize("mode", MODULES)
def test_a_key_counts_once(standing: Standing, mode: str) -> None:
    """It reaches the backend."""
    url = f"{standing.gateways[mode].url}/counters/{mode}-keyed?write=atomic"
    for _ in range(2):
        assert requests.post(url, headers={"Idempotency-Key": "8e03978e"}, timeout=TIMEOUT).status_code == 200
    assert value(standing, f"{mode}-keyed") == 1


@pytest.mark.parametrize("mode", MODULES)
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/counters/a.b", 422),
        ("POST", "/counters/visits?write=somehow", 422),
        ("POST", "/counters/visits?delay=61", 422),
        ("GET", "/counters/visits", 405),
        ("POST", "/counters/visits/more", 404),
    ],
)
def test_bad_use_is_a_problem(standing: Standing, mode: str, method: str, path: str, status: int) -> None:
    """The documented status, in the body and on the wire."""
    response = requests.request(method, standing.gateways[mode].url + path, timeout=TIMEOUT)
    assert (response.status_code, response.json()["status"]) == (status, status)


@pytest.mark.parametrize("mode", MODULES)
def test_the_document_has_the_route(standing: Standing, mode: str) -> None:
    """With the statuses that it responds with."""
    paths = requests.get(f"{standing.gateways[mode].url}/openapi.json", timeout=TIMEOUT).json()["paths"]
    assert {"200", "409", "422", "502", "504"} <= paths["/counters/{name}"]["post"]["responses"].keys()


def test_the_siblings_are_of_one_shape() -> None:
    """Same class, same methods, same parameters: the difference is how each waits."""

    def shape(mode: str) -> list[tuple[str, list[str]]]:
        tree = ast.parse((FOLDER / f"{MODULES[mode]}.py").read_text())
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        return [(each.name, [argument.arg for argument in each.args.args]) for each in functions]

    assert shape("sync") == shape("async") == shape("threadpool")
