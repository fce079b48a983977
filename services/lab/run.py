"""Moved to inflight.report.run."""

from inflight.report.run import *  # noqa: F403
