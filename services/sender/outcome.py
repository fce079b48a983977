"""Moved to inflight.send.outcome."""

from inflight.send.outcome import *  # noqa: F403
