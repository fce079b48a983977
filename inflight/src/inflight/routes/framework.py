"""Which framework's application stands behind the middleware that wraps it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from typing import Protocol

from inflight.types import Scope

FRAMEWORKS = {
    "starlette.routing": "inflight.routes.starlette",
    "litestar.app": "inflight.routes.litestar",
    "quart.app": "inflight.routes.quart",
    "django.core.handlers.base": "inflight.routes.django",
}
"""A framework's module, and ours for it: ours is imported only where the framework's own is."""
WRAPPED = ("app", "application", "inner", "other_asgi_app", "__wrapped__")
"""What middleware calls the application that it wraps: ASGI's custom, Django's, Channels', Socket.IO's, functools'."""
DEEPEST = 50
"""Wrappers around one application; more are a cycle."""


class Templates(Protocol):
    """The routes of one application."""

    def label(self, scope: Scope) -> str | None:
        """Return the template of the route that the request is for, None where none matches."""


def layers(app: object) -> Iterator[object]:
    """Yield `app`, the application that it wraps, the one that that wraps, and so on."""
    for _ in range(DEEPEST):
        yield app
        wrapped = (getattr(app, name, None) for name in WRAPPED)
        app = next((inner for inner in wrapped if callable(inner)), None)
        if app is None:
            return


def templates_of(app: object) -> Templates | None:
    """Return the routes of the first framework application that is found inside of `app`, None where there is none."""
    ours = [import_module(module) for framework, module in FRAMEWORKS.items() if framework in sys.modules]
    for layer in layers(app):
        for module in ours:
            templates: Templates | None = module.templates_of(layer)
            if templates is not None:
                return templates
    return None
