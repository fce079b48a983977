"""How the services log: lines for people, as uvicorn's users know them, or one JSON object a line."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any

LINES = "%(asctime)s - %(message)s"
"""Milliseconds after a comma are `logging`'s own default."""


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
    text = style == "text"
    plain = "plain" if text else "json"
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "plain": {"format": LINES},
            "json": {"()": JsonFormatter},
            "uvicorn": {"()": "uvicorn.logging.DefaultFormatter", "fmt": "%(levelprefix)s %(message)s"},
            "access": {
                "()": "uvicorn.logging.AccessFormatter",
                "fmt": '%(levelprefix)s %(client_addr)s - "%(request_line)s" %(status_code)s',
            },
        },
        "handlers": {
            "plain": {"class": "logging.StreamHandler", "formatter": plain, "stream": "ext://sys.stdout"},
            "uvicorn": {
                "class": "logging.StreamHandler",
                "formatter": "uvicorn" if text else "json",
                "stream": "ext://sys.stdout",
            },
            "access": {
                "class": "logging.StreamHandler",
                "formatter": "access" if text else "json",
                "stream": "ext://sys.stdout",
            },
        },
        "root": {"handlers": ["plain"], "level": level.upper()},
        "loggers": {
            "uvicorn": {"handlers": ["uvicorn"], "level": level.upper(), "propagate": False},
            "uvicorn.access": {"handlers": ["access"], "level": level.upper(), "propagate": False},
        },
    }
