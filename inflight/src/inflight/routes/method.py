"""The method as a label value that no client can make grow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"})
"""RFC 9110, section 9, and RFC 5789."""
OTHER = "OTHER"


def method_label(scope: Mapping[str, Any]) -> str:
    """Return the request's method where HTTP defines it, else `OTHER`."""
    method = scope.get("method", OTHER)
    return method if method in METHODS else OTHER
