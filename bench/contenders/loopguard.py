"""fastapi-loopguard in its log mode, which its documentation has for production. It exports no metrics of requests."""

from __future__ import annotations

from fastapi_loopguard import LoopGuardConfig, LoopGuardMiddleware

from bench.services.app import app

app.add_middleware(LoopGuardMiddleware, config=LoopGuardConfig(enforcement_mode="log"))
