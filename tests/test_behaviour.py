"""docs/behaviour.md: every promise names its test, every test named is there, and every figure is the code's own."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from services import guard, shedding, slow_clients, start
from services.gateway import answer, session
from services.serving.settings import GatewaySettings
from services.telemetry import admin

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "behaviour.md").read_text()
PROMISES = [
    line
    for line in PAGE.partition("## One full run")[0].splitlines()
    if line.startswith("| ") and "| When |" not in line
]
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
SETTINGS = GatewaySettings.model_fields


def test_there_are_promises() -> None:
    """The tables are found."""
    assert len(PROMISES) > 40


@pytest.mark.parametrize("promise", PROMISES)
def test_a_promise_names_a_test_that_is_there(promise: str) -> None:
    """By file and function."""
    named = TEST.findall(promise)
    assert named
    for file, function in named:
        module = ast.parse((ROOT / file).read_text())
        assert function in {node.name for node in module.body if isinstance(node, ast.FunctionDef)}, (
            f"{file}::{function}"
        )


@pytest.mark.parametrize(
    ("words", "figure"),
    [
        ("`DRAIN_TIMEOUT`, {:g} s", SETTINGS["drain_timeout"].default),
        ("`CONNECT_TIMEOUT`, {:g} s", SETTINGS["connect_timeout"].default),
        ("`UPSTREAM_TIMEOUT`, {:g} s", SETTINGS["upstream_timeout"].default),
        ("`LIVENESS_STALL_LIMIT`, {:g} s", SETTINGS["liveness_stall_limit"].default),
        ("larger than {:g} MiB", answer.MAX_ANSWER / 1024**2),
        ("keep it for {:g} s", start.IDLE_TIMEOUT),
        ("the others: {:g} s", session.IDLE_LIMIT),
        ("`Retry-After: {:g}`", shedding.RETRY_AFTER),
        ("each gets a 408 | {:g} s, looked at once a second", slow_clients.REQUEST_TIMEOUT),
        ("its connection is cut | {:g} s", slow_clients.UNREAD_TIMEOUT),
        ("headers are too large | 431 | {:d} bytes", guard.MAX_HEAD),
        ("too large a body | 413 | {:d} bytes", guard.MAX_BODY),
        ("hung up on | {:g} s", admin.IDLE_TIMEOUT),
        ("more than {:d} connections", admin.MAX_CONNECTIONS),
    ],
)
def test_a_figure_is_the_codes_own(words: str, figure: float) -> None:
    """What the page says of a limit or a time is what the code does."""
    assert words.format(figure) in PAGE
