"""The threaded gateway's sessions: one for each call under way, kept for later calls, whichever thread makes them."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import requests

from services.gateway.backend import Backend
from services.gateway.threadpool import Gateway
from services.telemetry import Telemetry


def test_sessions_outlive_threads_and_are_used_by_one_at_a_time() -> None:
    """The pool's threads end when they idle: a session of their own would stay behind each, with its connection."""
    upstream = Telemetry().upstream("backend")
    gateway = Gateway(Backend("http://127.0.0.1:1", 1, 1), upstream)
    asyncio.run(gateway.open())
    at_once = threading.Barrier(2)

    def call() -> requests.Session:
        with upstream.call() as one, gateway.session(one) as (session, _):
            at_once.wait(20)
            return session

    used = []
    for _ in range(3):
        with ThreadPoolExecutor(2) as threads:
            used.append({future.result() for future in [threads.submit(call) for _ in range(2)]})
    assert used[0] == used[1] == used[2]
    assert len(used[0]) == 2
    asyncio.run(gateway.close())
