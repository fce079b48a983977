"""What the measurements steer the service by: requests that stay in flight, blocking, and the loop's own lateness."""

from __future__ import annotations

import asyncio
import time

from fastapi import APIRouter

router = APIRouter()
TICK = 0.001
"""Seconds from one look of `/lateness` to the next."""
released = asyncio.Event()
held: set[object] = set()


@router.get("/hold/{name}")
async def hold(name: str) -> dict[str, str]:
    """Respond when released."""
    token = object()
    held.add(token)
    try:
        await released.wait()
    finally:
        held.discard(token)
    return {"message": name}


@router.get("/release")
async def release() -> dict[str, str]:
    """Let all go that are held; those that come later are held again."""
    released.set()
    await asyncio.sleep(0)
    released.clear()
    return {"message": "released"}


@router.get("/holding")
async def holding() -> dict[str, int]:
    """Return how many are held."""
    return {"holding": len(held)}


@router.get("/block/{name}")
async def block(name: str, seconds: float = 0.2) -> dict[str, str]:
    """Hold the event loop, as a blocking call does."""
    time.sleep(seconds)  # noqa: ASYNC251 - the point
    return {"message": name}


@router.get("/lateness")
async def lateness(seconds: float) -> dict[str, float]:
    """Return the most seconds by which the event loop was late for a timer, meanwhile."""
    end, most = time.perf_counter() + seconds, 0.0
    while (due := time.perf_counter() + TICK) < end:
        await asyncio.sleep(TICK)
        most = max(most, time.perf_counter() - due)
    return {"most": most}
