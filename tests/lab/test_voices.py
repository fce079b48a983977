"""Who says what, and when nobody may."""

from __future__ import annotations

import logging
import re
from io import StringIO

from rich.console import Console

from services.lab.voices import Voices


def spoken(*, quiet: bool = False) -> tuple[Voices, StringIO]:
    """Return voices, and where they are heard."""
    out = StringIO()
    return Voices(Console(file=out, width=40, highlight=False), quiet=quiet), out


def test_the_speaker_stands_in_front() -> None:
    """Names are as wide as the longest, and a long line is neither cut nor wrapped."""
    voices, out = spoken()
    voices.say("backend", "x" * 100)
    assert out.getvalue() == f"backend            | {'x' * 100}\n"


def test_words_are_not_markup() -> None:
    """Brackets in a log line are brackets."""
    voices, out = spoken()
    voices.say("backend", "[bold]loud[/bold] [/]")
    assert out.getvalue().endswith("| [bold]loud[/bold] [/]\n")


def test_quiet_ones_are_heard_inside_the_block_only() -> None:
    """What is said before and after is dropped, also when the block ends with an error."""
    voices, out = spoken(quiet=True)
    voices.say("backend", "before")
    try:
        with voices.heard():
            voices.say("backend", "inside")
            raise ZeroDivisionError  # noqa: TRY301 - it is the block that fails
    except ZeroDivisionError:
        voices.say("backend", "after")
    assert out.getvalue() == "backend            | inside\n"


def test_a_logger_speaks_in_the_articles_form() -> None:
    """Time with milliseconds behind a comma, a hyphen, the message."""
    voices, out = spoken()
    logger = logging.getLogger("tests.lab.voices")
    handler = voices.listen(logger, "sender")
    logger.info("--- %s Send!!", "task1")
    logger.removeHandler(handler)
    logger.info("unheard")
    assert re.fullmatch(r"sender +\| \d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} - --- task1 Send!!\n", out.getvalue())
