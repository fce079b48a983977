"""How the services log: lines for people, as uvicorn's users know them, or one JSON object a line.

Lines are formatted where they arise and written by a thread, so that a slow terminal holds up no request.
"""

from __future__ import annotations

import json
import logging
import logging.config
import os
import queue
import sys
import threading
import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TextIO

from services.serving.problems import title

MOST = 20_000
"""Lines that wait to be written when nothing reads them; more are lost, and counted."""
GATHER = 0.01
"""Seconds between two writes: to wake a thread for each line costs more than the line."""
STUCK = 1.0
"""Seconds for the lines that are left when the process ends."""

_lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
"""The lines, and None for their end."""


class Queued(logging.Handler):
    """Puts a formatted line into the queue, or counts it as lost where there is no room."""

    lost = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Put the line into the queue."""
        try:
            line = self.format(record)
        except Exception:  # noqa: BLE001 - as every handler of the standard library
            self.handleError(record)
            return
        if _lines.qsize() < MOST:
            _lines.put(line)
        else:
            Queued.lost += 1


def write_lines(output: TextIO) -> None:
    """Write the queue's lines until their end; what the output's encoding lacks is escaped.

    Before the first line after some were lost, it says how many.
    """
    encoding = output.encoding or "utf-8"
    ended = False
    while not ended:
        lines = [_lines.get()]
        if lines[0] is not None:
            time.sleep(GATHER)
        lines += [_lines.get() for _ in range(_lines.qsize())]
        ended = None in lines
        written = [line for line in lines if line is not None]
        lost, Queued.lost = Queued.lost, 0
        notice = [f"{lost} log lines were lost here: they were not read as fast as written"] if lost else []
        text = "".join(f"{line}\n" for line in (*notice, *written))
        try:
            output.write(text.encode(encoding, "backslashreplace").decode(encoding))
            output.flush()
        except OSError:  # the reader is gone, or the disk is full
            Queued.lost += lost + len(written)


class LineFormatter(logging.Formatter):
    """Time and message; milliseconds after a comma, as `logging` has it, and the traceback where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as a line."""
        line = f"{_second(int(record.created))},{int(record.msecs):03d} - {record.getMessage()}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class AccessFormatter(logging.Formatter):
    """uvicorn's access lines without their colours."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record, whose arguments uvicorn's protocols give, as a line."""
        client, method, path, version, status = record.args  # type: ignore[misc]
        prefix = f"{record.levelname}:".ljust(9)
        return f'{prefix} {client} - "{method} {path} HTTP/{version}" {status} {title(status)}'


class JsonFormatter(logging.Formatter):
    """One object a line: time (RFC 3339), level, logger, message, and the traceback where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as JSON."""
        entry = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            entry["traceback"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)


def log_config(level: str, style: str) -> dict[str, Any]:
    """Return the `logging.config` dictionary for a service; uvicorn's own loggers are in it."""
    json_or = (lambda name: name) if style == "text" else (lambda _name: "json")
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "plain": {"()": LineFormatter},
            "json": {"()": JsonFormatter},
            "uvicorn": {"()": "uvicorn.logging.DefaultFormatter", "fmt": "%(levelprefix)s %(message)s"},
            "access": {"()": AccessFormatter},
        },
        "handlers": {name: {"()": Queued, "formatter": json_or(name)} for name in ("plain", "uvicorn", "access")},
        "root": {"handlers": ["plain"], "level": level.upper()},
        "loggers": {
            "uvicorn": {"handlers": ["uvicorn"], "level": level.upper(), "propagate": False},
            "uvicorn.access": {"handlers": ["access"], "level": level.upper(), "propagate": False},
        },
    }


class Log:
    """A program's log, written from its start to its end."""

    def __init__(self, level: str, style: str) -> None:
        self.config = log_config(level, style)
        logging.config.dictConfig(self.config)
        self._writing = threading.Thread(target=write_lines, args=(sys.stdout,), daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._writing.start()

    def finish(self) -> None:
        """Write what is left. Where nothing reads it, the process ends here, with 0: Python's own end would abort."""
        _lines.put(None)
        self._writing.join(STUCK)
        if self._writing.is_alive():
            os._exit(0)


@lru_cache(maxsize=4)
def _second(second: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(second))
