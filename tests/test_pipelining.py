"""What lies behind a request on its connection."""

from __future__ import annotations

from collections import deque
from types import SimpleNamespace
from typing import Any

import pytest

from services.pipelining import PipeliningProtocol
from services.telemetry.protocol import StampedProtocol


def test_nothing_is_kept_behind_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    """It waits for the answers before it; what comes meanwhile is nobody's, and is not read once one of them is out."""
    paused = list[bool]()
    flow: Any = SimpleNamespace(pause_reading=lambda: paused.append(True))
    monkeypatch.setattr(StampedProtocol, "on_response_complete", lambda _self: None)
    protocol = PipeliningProtocol.__new__(PipeliningProtocol)
    protocol._over, protocol._held, protocol.flow = True, b"", flow
    protocol.pipeline = deque([(None, None)])  # type: ignore[list-item]
    protocol.data_received(bytes(65536))
    assert protocol._held == b""
    protocol.on_response_complete()
    assert paused
