"""Says where every millisecond of every request of an ASGI service was spent, and which line made it wait."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from inflight.instrument import instrument
    from inflight.waits import upstream, waiting

__all__ = ["instrument", "upstream", "waiting"]

_HOMES = {"instrument": "inflight.instrument", "upstream": "inflight.waits", "waiting": "inflight.waits"}


def __getattr__(name: str) -> Any:
    """Load a public name when it is asked for: the commands that watch from outside need none of them."""
    if name not in _HOMES:
        raise AttributeError(f"module 'inflight' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
