"""What the OpenAPI documents say of a service's answers; the request itself may choose their status."""

from __future__ import annotations

from typing import Any

from services.serving.problems import MEDIA_TYPE, Problem, title
from services.serving.statuses import BODYLESS

NOT_AN_ERROR = ("2XX", "3XX")
AN_ERROR = ("4XX", "5XX")


def documented(success: dict[str, Any], *problems: int) -> dict[int | str, dict[str, Any]]:
    """Return OpenAPI's `responses`: `success` is the schema of a good answer, `problems` are the service's own ones.

    The ranges are for the statuses that a request can ask for.
    """
    good = {"application/json": {"schema": success}}
    bad = {MEDIA_TYPE: {"schema": Problem.model_json_schema()}}
    return {
        200: {"description": title(200), "content": good},
        **{status: {"description": title(status)} for status in sorted(BODYLESS)},
        **{status: {"description": title(status), "content": bad} for status in problems},
        **{status: {"description": "As the request asked for.", "content": good} for status in NOT_AN_ERROR},
        **{status: {"description": "As the request asked for.", "content": bad} for status in AN_ERROR},
    }
