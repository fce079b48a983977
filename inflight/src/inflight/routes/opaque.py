"""An application that hides its framework: a function that wraps it, or that shares requests out to several."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from inflight.routes.framework import Templates, templates_of
from inflight.types import Scope

TRACES = ("router", "litestar_app")
"""Where Starlette and Litestar note in the scope that they have the request."""
MOST = 8
"""Applications inside of one; what is made anew for each request must not be kept."""


class Opaque:
    """The routes of what has left its trace in a request's scope; Django leaves none, but its routes are global."""

    def __init__(self) -> None:
        self._found: dict[int, tuple[object, Templates]] = {}

    def label(self, scope: Scope) -> str | None:
        """Return the template by the application that had the request, else by the first known one that has a match."""
        trace = next((scope[key] for key in TRACES if key in scope), None)
        if trace is not None and (templates := self._templates(trace)) is not None:
            return templates.label(scope)
        known = [templates for _, templates in tuple(self._found.values())]
        labels = (templates.label(scope) for templates in (*known, *_django()))
        return next((label for label in labels if label is not None), None)

    def _templates(self, trace: object) -> Templates | None:
        if id(trace) not in self._found and len(self._found) < MOST:
            templates = templates_of(trace)
            if templates is not None:
                self._found[id(trace)] = (trace, templates)
        _, known = self._found.get(id(trace), (None, None))
        return known


def _django() -> Sequence[Templates]:
    if "django.core.handlers.base" not in sys.modules:
        return []
    from inflight.routes.django import configured

    return configured()
