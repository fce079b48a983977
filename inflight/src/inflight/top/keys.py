"""Single keys from a terminal, without Enter."""

from __future__ import annotations

import os
import select
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

ESCAPE = "\x1b"
"""The key, and how the sequences of arrows and function keys begin."""

Ask = Callable[[float], str]
"""Waits so many seconds for keys, and returns those that came, a character each; arrows and their like are left out."""


@contextmanager
def keys() -> Iterator[Ask]:
    """Read keys until the block is left; the terminal is then as it was. Without a terminal, no key ever comes."""
    try:
        import termios
        import tty

        descriptor = sys.stdin.fileno()
        before = termios.tcgetattr(descriptor)
    except (ImportError, OSError, ValueError, AttributeError):  # another system; standard input is closed, or none
        yield _none
        return
    except termios.error:
        yield _none
        return
    try:
        tty.setcbreak(descriptor)
        yield lambda seconds: _pressed(descriptor, seconds)
    finally:
        termios.tcsetattr(descriptor, termios.TCSADRAIN, before)


def _none(seconds: float) -> str:
    time.sleep(seconds)
    return ""


def _pressed(descriptor: int, seconds: float) -> str:
    ready, _, _ = select.select([descriptor], [], [], seconds)
    pressed = os.read(descriptor, 32).decode(errors="replace") if ready else ""
    return "" if pressed.startswith(ESCAPE) and pressed != ESCAPE else pressed
