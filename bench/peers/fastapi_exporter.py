"""FastAPI with aiohttp's client and starlette_exporter."""

from __future__ import annotations

from fastapi import FastAPI
from starlette_exporter import PrometheusMiddleware, handle_metrics

from bench.peers.fastapi_aiohttp import serve, session

if __name__ == "__main__":
    app = FastAPI(lifespan=session)
    app.add_middleware(PrometheusMiddleware)
    app.add_route("/metrics", handle_metrics)
    serve(app)
