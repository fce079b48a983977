"""What every error response of every service has to be."""

from __future__ import annotations

import json

from tests.client import Response


def problem_of(response: Response, status: int) -> str:
    """Fail unless the response is a problem with this status, in the body and on the wire; return its detail."""
    problem = json.loads(response.body)
    assert (response.status, response.type, problem["status"]) == (status, "application/problem+json", status)
    assert set(problem) == {"type", "title", "status", "detail"}
    assert problem["title"]
    assert problem["detail"]
    assert "Traceback" not in response.text
    assert "secret" not in response.text
    detail: str = problem["detail"]
    return detail
