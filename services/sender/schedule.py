"""Moved to inflight.send.schedule."""

from inflight.send.schedule import *  # noqa: F403
