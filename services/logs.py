"""How the services log: lines for people, as uvicorn's users know them, or one JSON object a line."""

from __future__ import annotations

import json
import logging
import time
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from services.problems import title

LINES = "%(asctime)s - %(message)s"
"""Milliseconds after a comma are `logging`'s own default."""


class LineFormatter(logging.Formatter):
    """The lines of `LINES`, and the traceback where there is one; three times as fast as `logging`'s own."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as a line."""
        line = f"{_second(int(record.created))},{int(record.msecs):03d} - {record.getMessage()}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class AccessFormatter(logging.Formatter):
    """uvicorn's access lines without their colours; `uvicorn.logging.AccessFormatter` takes ten times as long."""

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
        "handlers": {
            name: {"()": "services.log_writer.LogWriter", "formatter": json_or(name)}
            for name in ("plain", "uvicorn", "access")
        },
        "root": {"handlers": ["plain"], "level": level.upper()},
        "loggers": {
            "uvicorn": {"handlers": ["uvicorn"], "level": level.upper(), "propagate": False},
            "uvicorn.access": {"handlers": ["access"], "level": level.upper(), "propagate": False},
        },
    }


@lru_cache(maxsize=4)
def _second(second: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(second))
