"""prometheus-fastapi-instrumentator."""

from __future__ import annotations

from prometheus_fastapi_instrumentator import Instrumentator

from bench.services.app import app

Instrumentator().instrument(app).expose(app)
