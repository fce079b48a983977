"""Moved to inflight.terminal.descriptors."""

from inflight.terminal.descriptors import *  # noqa: F403
