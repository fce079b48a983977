"""Moved to inflight.terminal.progress."""

from inflight.terminal.progress import *  # noqa: F403
