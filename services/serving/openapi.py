"""What the OpenAPI documents say of a service's responses; the request itself may choose their status."""

from __future__ import annotations

from typing import Any

from services.serving.problems import MEDIA_TYPE, Problem, title
from services.serving.statuses import BODYLESS

NOT_AN_ERROR = ("2XX", "3XX")
AN_ERROR = ("4XX", "5XX")


def documented(success: dict[str, Any], *problems: int) -> dict[int | str, dict[str, Any]]:
    """Return OpenAPI's `responses`: `success` is the schema of a good response, `problems` are the service's own ones.

    The ranges are for the statuses that a request can ask for.
    """
    good, bad = _contents(success)
    return {
        **responses(success, *problems),
        **{status: {"description": title(status)} for status in sorted(BODYLESS)},
        **{status: {"description": "As the request asked for.", "content": good} for status in NOT_AN_ERROR},
        **{status: {"description": "As the request asked for.", "content": bad} for status in AN_ERROR},
    }


def responses(
    success: dict[str, Any], *problems: int, headers: dict[str, Any] | None = None
) -> dict[int | str, dict[str, Any]]:
    """Return OpenAPI's `responses` of a route whose status no request chooses; `headers` are those of a 200."""
    good, bad = _contents(success)
    return {
        200: {"description": title(200), "content": good, "headers": headers or {}},
        **{status: {"description": title(status), "content": bad} for status in problems},
    }


def _contents(success: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    return {"application/json": {"schema": success}}, {MEDIA_TYPE: {"schema": Problem.model_json_schema()}}
