"""FastAPI with aiohttp's client and prometheus-fastapi-instrumentator, its gauge of requests in progress on."""

from __future__ import annotations

from fastapi import FastAPI
from prometheus_fastapi_instrumentator import Instrumentator

from bench.peers.fastapi_aiohttp import serve, session

if __name__ == "__main__":
    app = FastAPI(lifespan=session)
    Instrumentator(should_instrument_requests_inprogress=True).instrument(app).expose(app)
    serve(app)
