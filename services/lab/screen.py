"""The log lines of several programs on one screen, each with its program's name in front."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.text import Text

from services.serving.logs import LineFormatter

STYLES = {
    "sender": "cyan",
    "backend": "magenta",
    "sync-gateway": "red",
    "threadpool-gateway": "yellow",
    "async-gateway": "green",
}
WIDTH = max(map(len, STYLES))


class Screen:
    """Prints log lines on a console; any thread may print. A `quiet` one prints only inside `shown`."""

    def __init__(self, console: Console, *, quiet: bool = False) -> None:
        self.console = console
        self._quiet = quiet

    @contextmanager
    def shown(self) -> Iterator[None]:
        """Print lines inside the block, and no longer."""
        self._quiet = False
        try:
            yield
        finally:
            self._quiet = True

    def print(self, program: str, line: str) -> None:
        """Print one line of a program's log."""
        if self._quiet:
            return
        text = Text(f"{program:<{WIDTH}} | ", style=STYLES.get(program, ""))
        text.append(line, style="default")
        self.console.print(text, soft_wrap=True)

    def follow(self, logger: logging.Logger, program: str) -> logging.Handler:
        """Print what `logger` logs as the program's lines; removing the returned handler ends it."""
        handler = _Handler(self, program)
        handler.setFormatter(LineFormatter())
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False
        return handler


class _Handler(logging.Handler):
    def __init__(self, screen: Screen, program: str) -> None:
        super().__init__()
        self.screen = screen
        self.program = program

    def emit(self, record: logging.LogRecord) -> None:
        self.screen.print(self.program, self.format(record))
