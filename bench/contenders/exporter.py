"""starlette_exporter."""

from __future__ import annotations

from starlette_exporter import PrometheusMiddleware, handle_metrics

from bench.services.app import app

app.add_middleware(PrometheusMiddleware)
app.add_route("/metrics", handle_metrics)
