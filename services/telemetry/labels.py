"""Label values that no client can make grow: known methods, and the templates of the application's own routes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"})
"""RFC 9110, section 9, and RFC 5789."""
OTHER = "OTHER"
UNMATCHED = "unmatched"


def method_label(scope: Mapping[str, Any]) -> str:
    """Return the request's method where HTTP defines it, else `OTHER`."""
    method = scope.get("method", OTHER)
    return method if method in METHODS else OTHER


def route_label(scope: Mapping[str, Any]) -> str:
    """Return the template of the route that was found, with every prefix it was included under, else `unmatched`.

    FastAPI keeps the full path of an included router's route in an effective context of its own: `scope["route"].path`
    lacks the prefix (pinned by tests/telemetry/test_labels.py).
    """
    if "fastapi" in scope:
        template = _template(scope["fastapi"].get("effective_route_context"))
        if template:
            return template
    return _template(scope.get("route")) or UNMATCHED


def _template(route: object) -> str | None:
    template = getattr(route, "path_format", None) or getattr(route, "path", None)
    return template if isinstance(template, str) else None
