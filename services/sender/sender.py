"""Moved to inflight.send.sender."""

from inflight.send.sender import *  # noqa: F403
