"""Log lines of several programs on one screen."""

from __future__ import annotations

import logging
import re
from io import StringIO

from rich.console import Console

from services.lab.screen import Screen


def printed(*, quiet: bool = False) -> tuple[Screen, StringIO]:
    """Return a screen, and what is printed on it."""
    out = StringIO()
    return Screen(Console(file=out, width=40, highlight=False), quiet=quiet), out


def test_the_program_stands_in_front() -> None:
    """Names are as wide as the longest, and a long line is neither cut nor wrapped."""
    screen, out = printed()
    screen.print("backend", "x" * 100)
    assert out.getvalue() == f"backend            | {'x' * 100}\n"


def test_lines_are_not_markup() -> None:
    """Brackets in a log line are brackets."""
    screen, out = printed()
    screen.print("backend", "[bold]loud[/bold] [/]")
    assert out.getvalue().endswith("| [bold]loud[/bold] [/]\n")


def test_a_quiet_screen_prints_inside_the_block_only() -> None:
    """What comes before and after is dropped, also when the block ends with an error."""
    screen, out = printed(quiet=True)
    screen.print("backend", "before")
    try:
        with screen.shown():
            screen.print("backend", "inside")
            raise ZeroDivisionError  # noqa: TRY301 - it is the block that fails
    except ZeroDivisionError:
        screen.print("backend", "after")
    assert out.getvalue() == "backend            | inside\n"


def test_a_logger_is_followed_in_the_articles_form() -> None:
    """Time with milliseconds behind a comma, a hyphen, the message."""
    screen, out = printed()
    logger = logging.getLogger("tests.services.lab.screen")
    handler = screen.follow(logger, "sender")
    logger.info("--- %s Send!!", "task1")
    logger.removeHandler(handler)
    logger.info("unseen")
    assert re.fullmatch(r"sender +\| \d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} - --- task1 Send!!\n", out.getvalue())
