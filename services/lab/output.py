"""Moved to inflight.terminal.output."""

from inflight.terminal.output import *  # noqa: F403
