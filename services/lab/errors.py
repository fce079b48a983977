"""Moved to inflight.terminal.errors."""

from inflight.terminal.errors import INTERRUPTED, USAGE_ERROR, reason
from inflight.terminal.errors import CommandError as LabError

__all__ = ["INTERRUPTED", "USAGE_ERROR", "LabError", "reason"]
