"""Telemetry for any ASGI application: where each request waited, and what waits now.

Knows nothing of gateways or backends. README.md, "In your own service", shows how a program takes it in.
"""

from services.telemetry.disconnect import cancelled_on_disconnect
from services.telemetry.ledger import Ledger, current_ledger
from services.telemetry.telemetry import Telemetry
from services.telemetry.upstream import Call, Upstream

__all__ = ["Call", "Ledger", "Telemetry", "Upstream", "cancelled_on_disconnect", "current_ledger"]
