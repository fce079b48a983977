"""Moved to inflight.send.summary."""

from inflight.send.summary import *  # noqa: F403
