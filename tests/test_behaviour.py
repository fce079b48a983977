"""docs/behaviour.md: every promise names its test, every test named is there, and every figure is the code's own."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from inflight import admin
from services.serving import logs, shedding, start
from services.serving.settings import GatewaySettings

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "behaviour.md").read_text()
PROMISES = [line for line in PAGE.splitlines() if line.startswith("| ") and "| When |" not in line]
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
SETTINGS = GatewaySettings.model_fields


def test_there_are_promises() -> None:
    """The tables are found."""
    assert len(PROMISES) > 30


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
        ("keep one for {:g} s", start.IDLE_TIMEOUT),
        ("`Retry-After: {:g}`", shedding.RETRY_AFTER),
        ("{:,d} lines are kept", logs.MOST),
        ("hung up on | {:g} s", admin.IDLE_TIMEOUT),
    ],
)
def test_a_figure_is_the_codes_own(words: str, figure: float) -> None:
    """What the page says of a limit or a time is what the code does."""
    assert words.format(figure) in PAGE
