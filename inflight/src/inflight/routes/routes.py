"""The route label of any ASGI application."""

from __future__ import annotations

import logging

from inflight.routes.framework import Templates, templates_of
from inflight.routes.opaque import Opaque
from inflight.types import ASGIApp, Scope

UNMATCHED = "unmatched"

log = logging.getLogger("inflight")


class Routes:
    """The routes of `app`, the outermost application, found behind any middleware at the first request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._templates: Templates | None = None
        self._failed = False

    def label(self, scope: Scope) -> str:
        """Return the template of the request's route with the prefix of every mount, `unmatched` where none matches.

        For http and websocket scopes: before, during and after the application's run, from any thread. Raises nothing.
        """
        try:
            templates = self._templates
            if templates is None:
                templates = self._templates = templates_of(self._app) or Opaque()
            return templates.label(scope) or UNMATCHED
        except Exception:
            # A framework's unknown version, or a converter of the application's own: the request goes on all the same.
            if not self._failed:
                self._failed = True
                log.warning("a route is not known, such requests are %r; said once", UNMATCHED, exc_info=True)
            return UNMATCHED
