"""Whose a step of the event loop is: which request's, or that of none."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextvars import Context
from functools import partial
from inspect import getattr_static
from types import FrameType, FunctionType, MethodType
from typing import TYPE_CHECKING, Any, NamedTuple

from inflight.blocking.frames import DEEPEST, locals_of
from inflight.blocking.step import Step
from inflight.ledger import Ledger, current_ledger
from inflight.types import Scope

if TYPE_CHECKING:
    from inflight.telemetry import Telemetry

MIDDLEWARE = "inflight.middleware"
"""The module whose function runs the application, with the request's `exchange`."""
SCOPED = frozenset({"scope", "request", "websocket"})
"""What holds a scope, or an object that has one: Django and Quart give the tasks that they start no more."""
OF_NO_REQUEST = {"websocket": "websocket", "lifespan": "startup"}
"""What stands for the route of a step that has a scope of this type, and no request that is in flight."""


def request_of(step: Step, telemetry: Telemetry) -> Ledger | None:
    """Return the request that a step works for, as far as it is in flight.

    It is known by the ASGI scope or the `send` that a function of the step has, and from Python 3.12 on by the task's
    context, too.
    """
    found = followed_in(step.frames)
    if found is None and (scopes := [id(scope) for scope in scopes_of(step.frames)]):
        in_flight = (*tuple(telemetry.live.in_flight), *tuple(telemetry.live.websockets))
        found = next((ledger for ledger in in_flight if id(ledger.scope) in scopes), None)
    if found is None and step.task is not None:
        found = ledger_in(context_of(step.task)) or sent_by(step.frames)
    return None if found is None or found.finished else found


def followed_in(frames: list[FrameType]) -> Ledger | None:
    """Return the ledger that the middleware's own frame has: a search of all in flight would cost more with each.

    None where the step is of a task that the request has started.
    """
    for frame in reversed(frames):
        if frame.f_globals.get("__name__") == MIDDLEWARE:
            exchange = locals_of(frame).get("exchange")
            if exchange is not None:
                ledger: Ledger = exchange
                return ledger
    return None


class Owner(NamedTuple):
    """Whose a step is: the method and the route of a request.

    Where it is of none there is no method, and the route is `callback`, `background`, `startup` or `websocket`.
    """

    method: str | None
    route: str
    ledger: Ledger | None = None


def owner_of(step: Step, telemetry: Telemetry) -> Owner:
    """Return whose a step is."""
    if step.task is None:
        return Owner(None, "callback")
    ledger = request_of(step, telemetry)
    if ledger is not None and ledger.scope.get("type") == "websocket":
        return Owner(None, "websocket", ledger)
    if ledger is not None:
        owner = Owner(*telemetry.labels(ledger), ledger)
        if not ledger.finished:  # else it may have let go of its scope before its labels were read
            return owner
    types = {scope.get("type") for scope in scopes_of(step.frames)}
    return Owner(None, next((name for kind, name in OF_NO_REQUEST.items() if kind in types), "background"))


def scopes_of(frames: list[FrameType]) -> Iterator[Scope]:
    """Yield the ASGI scopes that these functions have, or a request object of theirs, the outermost's first."""
    for frame in reversed(frames):
        names = frame.f_code.co_varnames
        if SCOPED.isdisjoint(names):  # nearly all are
            continue
        for name in SCOPED.intersection(names):
            scope = locals_of(frame).get(name)
            if name != "scope":
                scope = getattr_static(scope, "scope", None)  # no code of anybody's runs
            if isinstance(scope, dict) and "type" in scope:
                yield scope


def sent_by(frames: list[FrameType]) -> Ledger | None:
    """Return the ledger of the request that these functions respond to: the task of a streamed response has no more."""
    for frame in reversed(frames):
        if "send" in frame.f_code.co_varnames:
            found = _ledger_behind(locals_of(frame).get("send"))
            if found is not None:
                return found
    return None


def _ledger_behind(send: Any) -> Ledger | None:
    """Return the ledger that a `send` leads to, through the functions and objects that middleware puts around it."""
    for _ in range(DEEPEST):
        if isinstance(send, MethodType):
            owner = send.__self__
            if isinstance(owner, Ledger):
                return owner
            send = getattr_static(owner, "send", None)
        elif isinstance(send, FunctionType):
            cells = dict(zip(send.__code__.co_freevars, send.__closure__ or (), strict=True))
            send = cells["send"].cell_contents if "send" in cells else None
        elif isinstance(send, partial):
            send = send.keywords.get("send")
    return None


def context_of(task: asyncio.Task[Any]) -> Context | None:
    """Return the task's context; None before Python 3.12, which does not say."""
    get_context = getattr(task, "get_context", None)
    return None if get_context is None else get_context()


def ledger_in(context: Context | None) -> Ledger | None:
    """Return the ledger of the request that a context is of."""
    return None if context is None else context.get(current_ledger)
