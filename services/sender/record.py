"""Moved to inflight.send.record."""

from inflight.send.record import *  # noqa: F403
