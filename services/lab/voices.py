"""Who says what: every line of every program on one screen, with its speaker in front."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.text import Text

from services.logs import LINES

STYLES = {
    "sender": "cyan",
    "backend": "magenta",
    "sync-gateway": "red",
    "threadpool-gateway": "yellow",
    "async-gateway": "green",
}
WIDTH = max(map(len, STYLES))


class Voices:
    """Prints the lines of several speakers on one console; any thread may speak. `quiet` ones wait until `heard`."""

    def __init__(self, console: Console, *, quiet: bool = False) -> None:
        self.console = console
        self._quiet = quiet

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Let the speakers be heard inside the block, and no longer."""
        self._quiet = False
        try:
            yield
        finally:
            self._quiet = True

    def say(self, speaker: str, line: str) -> None:
        """Print one line of one speaker."""
        if self._quiet:
            return
        text = Text(f"{speaker:<{WIDTH}} | ", style=STYLES.get(speaker, ""))
        text.append(line, style="default")
        self.console.print(text, soft_wrap=True)

    def listen(self, logger: logging.Logger, speaker: str) -> logging.Handler:
        """Make what `logger` logs the words of `speaker`; the handler returned undoes it when removed."""
        handler = _Handler(self, speaker)
        handler.setFormatter(logging.Formatter(LINES))
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        logger.propagate = False
        return handler


class _Handler(logging.Handler):
    def __init__(self, voices: Voices, speaker: str) -> None:
        super().__init__()
        self.voices = voices
        self.speaker = speaker

    def emit(self, record: logging.LogRecord) -> None:
        self.voices.say(self.speaker, self.format(record))
