"""Moved to inflight.send.metrics."""

from inflight.send.metrics import *  # noqa: F403
