"""How the services log: lines for people, as uvicorn's users know them, or one JSON object a line.

Lines are formatted where they arise and written by a thread (the standard library's `QueueListener`), so that a slow
terminal holds up no request.
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
from logging.handlers import QueueHandler, QueueListener
from typing import Any

from services.serving.problems import title

MOST = 20_000
"""Lines that wait to be written when nothing reads them; more are lost, and counted."""
STUCK = 1.0
"""Seconds for the lines that are left when the process ends."""

_lines: queue.Queue[Any] = queue.Queue(MOST)


class Queued(QueueHandler):
    """Puts a formatted line into the queue, or counts it as lost where there is no room."""

    lost = 0

    def __init__(self) -> None:
        super().__init__(_lines)

    def enqueue(self, record: logging.LogRecord) -> None:
        """Put the record into the queue."""
        try:
            super().enqueue(record)
        except queue.Full:
            Queued.lost += 1


class Writer(logging.StreamHandler[Any]):
    """Writes formatted lines to the standard output, and says how many were lost before."""

    def __init__(self) -> None:
        super().__init__(sys.stdout)
        self._encoding = getattr(sys.stdout, "encoding", None) or "utf-8"

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; what the output's encoding lacks is escaped."""
        return str(record.msg).encode(self._encoding, "backslashreplace").decode(self._encoding)

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line."""
        lost, Queued.lost = Queued.lost, 0
        if lost:
            record.msg = f"{lost} log lines were lost here: they were not read as fast as written\n{record.msg}"
        super().emit(record)


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
        self._listener = QueueListener(_lines, Writer())

    def start(self) -> None:
        """Begin to write."""
        self._listener.start()

    def finish(self) -> None:
        """Write what is left. Where nothing reads it, the process ends here, with 0: Python's own end would abort."""
        writing = threading.Thread(target=self._listener.stop, daemon=True)
        writing.start()
        writing.join(STUCK)
        if writing.is_alive():
            os._exit(0)


@lru_cache(maxsize=4)
def _second(second: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(second))
