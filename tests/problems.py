"""What every error answer of every service has to be."""

from __future__ import annotations

import json

from tests.client import Answer


def problem_of(answer: Answer, status: int) -> str:
    """Fail unless the answer is a problem with this status, in the body and on the wire; return its detail."""
    problem = json.loads(answer.body)
    assert (answer.status, answer.type, problem["status"]) == (status, "application/problem+json", status)
    assert set(problem) == {"type", "title", "status", "detail"}
    assert problem["title"]
    assert problem["detail"]
    assert "Traceback" not in answer.text
    assert "secret" not in answer.text
    detail: str = problem["detail"]
    return detail
