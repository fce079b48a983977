"""The backend's URL, which no request can move."""

from __future__ import annotations

from math import copysign
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from services.gateway.backend import Backend
from services.gateway.errors import InvalidResponse
from services.serving.parameters import Delay, Status, Task

BACKEND = Backend("http://backend:8000", connect_timeout=1, timeout=1)
TASK: TypeAdapter[str] = TypeAdapter(Task)
DELAY: TypeAdapter[float | None] = TypeAdapter(Delay)
STATUS: TypeAdapter[int | None] = TypeAdapter(Status)
HOSTILE = st.sampled_from(
    ["/", "..", "%2f", "%2e", "@", ":", "?", "#", "&", ";", "\\", "\r\n", "\0", " ", "ü", "a", "-"]
)


def accepted(adapter: TypeAdapter[str], value: str) -> bool:
    """Return whether the services take the value."""
    try:
        adapter.validate_python(value)
    except ValidationError:
        return False
    return True


@given(
    st.text() | st.lists(HOSTILE, max_size=8).map("".join) | st.from_regex(r"[A-Za-z0-9_-]{1,64}\n?", fullmatch=True)
)
def test_no_task_leads_elsewhere(task: str) -> None:
    """Whatever text is taken for a task, the URL's host is the backend's and its path has one part: the task."""
    if accepted(TASK, task):
        parts = urlsplit(BACKEND.url(task, None, None))
        assert (parts.scheme, parts.netloc, parts.path) == ("http", "backend:8000", f"/{task}")
        assert parts.query == parts.fragment == ""
        assert "/" not in task
        assert task.isascii()
        assert task.isprintable()


@given(
    st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True),
    st.floats(0, 60) | st.none(),
    st.integers(200, 599) | st.none(),
)
def test_the_query_is_what_was_given(task: str, delay: float | None, status: int | None) -> None:
    """The backend reads the same delay and status that the gateway was asked for, and nothing else."""
    parts = urlsplit(BACKEND.url(task, delay, status))
    query = parse_qs(parts.query, strict_parsing=True) if parts.query else {}
    assert parts.path == f"/{task}"
    assert query.keys() == {name for name, value in (("delay", delay), ("status", status)) if value is not None}
    if delay is not None:
        assert DELAY.validate_python(query["delay"][0]) == delay
    if status is not None:
        assert STATUS.validate_python(query["status"][0]) == status


def test_minus_nothing_is_nothing() -> None:
    """A delay of -0.0 is not below 0, and stays a delay that the backend takes."""
    delay = copysign(0.0, -1)
    query = parse_qs(urlsplit(BACKEND.url("task1", delay, None)).query)
    assert DELAY.validate_python(query["delay"][0]) == 0


@pytest.mark.parametrize("base", ["http://backend:8000", "https://backend/under/here", "http://[::1]:8000"])
def test_the_base_url_may_have_a_path(base: str) -> None:
    """A backend behind a path is called below that path."""
    assert Backend(base, 1, 1).url("task1", None, 204) == f"{base}/task1?status=204"


def test_a_good_response_is_wrapped_unparsed() -> None:
    """The backend's JSON stays to the byte."""
    response = Backend.relayed(203, b'{"message": "success"}')
    assert (response.status_code, response.body) == (203, b'{"res":{"message": "success"}}')


@pytest.mark.parametrize(
    ("status", "body"), [(200, b"<html>"), (200, b""), (200, b'{"x":NaN}'), (999, b"{}"), (101, b"{}")]
)
def test_what_cannot_be_passed_on_raises(status: int, body: bytes) -> None:
    """Not JSON, or a status that no response may have."""
    with pytest.raises(InvalidResponse):
        Backend.relayed(status, body)


@pytest.mark.parametrize(("status", "body"), [(404, b"secret"), (503, b"{}")])
def test_an_error_is_a_problem_with_its_status(status: int, body: bytes) -> None:
    """What the backend says of it stays behind."""
    response = Backend.relayed(status, body)
    assert response.status_code == status
    assert b"secret" not in response.body
