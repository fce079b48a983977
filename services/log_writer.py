"""Writes log lines from a thread, many at a time: a request's way does not lead through a system call for each line."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections import deque
from typing import Any, ClassVar

from services.telemetry.signals import leave_signals_to_main_thread

BATCH = 0.01
"""Seconds in which lines gather before they are written: too short to be seen, long enough for hundreds of them."""

MOST = 20_000
"""Lines that wait to be written when nobody reads them; beyond that the oldest are lost, and counted."""
STUCK = 1.0
"""Seconds after which whoever holds the output is not waited for any more."""

# No formatter here shows from where a line comes: not to look for it spares the half of a line's price (Python's
# logging HOWTO, "Optimization").
logging._srcfile = None  # noqa: SLF001 - the HOWTO's own advice


log = logging.getLogger(__name__)


class Line(logging.LogRecord):
    """A record with what the formatters here show, and no more: no file, thread or process is found out for it."""

    def __init__(  # noqa: PLR0913, PLR0917 - as `logging` calls it
        self,
        name: str,
        level: int,
        _path: str,
        _number: int,
        msg: object,
        args: Any,
        exc_info: Any,
        _function: str | None = None,
        sinfo: str | None = None,
        **_more: object,
    ) -> None:
        self.name, self.levelno, self.levelname = name, level, logging.getLevelName(level)
        # A single dictionary is for `%(name)s` (Python's logging, `LogRecord`).
        self.msg, self.args = msg, args[0] if args and len(args) == 1 and isinstance(args[0], dict) else args
        self.exc_info, self.exc_text, self.stack_info = exc_info, None, sinfo
        self.created = time.time()
        self.msecs = self.created % 1 * 1000


class LogWriter(logging.Handler):
    """Formats and writes to standard output, from one thread for all of its kind, so that lines keep their order."""

    _lines: ClassVar[deque[tuple[LogWriter, logging.LogRecord]]] = deque(maxlen=MOST)
    _lost = 0
    _some = threading.Event()
    _writing = threading.Lock()
    _thread: threading.Thread | None = None

    def handle(self, record: logging.LogRecord) -> bool:
        """Leave the record to the thread."""
        if len(self._lines) == MOST:
            LogWriter._lost += 1
        self._lines.append((self, record))
        if not self._some.is_set():
            self._some.set()
            self._start()
        return True

    def flush(self) -> None:
        """Write all that has been left so far; `logging` does this when the process ends."""
        if not self._writing.acquire(timeout=STUCK):  # the thread is in a write that nobody reads
            return
        lines: list[str] = []
        try:
            lines = [handler.line(record) for handler, record in self._taken()]
            if lines and sys.stdout is not None:
                _write("".join(lines))
        except ValueError:  # the output is closed: nobody will ask for them
            return
        except OSError:
            LogWriter._lost += len(lines)
            return
        finally:
            self._writing.release()
        if self._lost:
            lost, LogWriter._lost = self._lost, 0
            log.warning("%d log lines were lost before this one: they were not read as fast as they were written", lost)

    def line(self, record: logging.LogRecord) -> str:
        """Return the record as a line; one that cannot be formatted is reported as `logging` does."""
        try:
            return self.format(record) + "\n"
        except Exception:  # noqa: BLE001 - as in logging's own handlers
            self.handleError(record)
            return ""

    def _taken(self) -> list[tuple[LogWriter, logging.LogRecord]]:
        return [self._lines.popleft() for _ in range(len(self._lines))]

    def _start(self) -> None:
        if LogWriter._thread is None:
            LogWriter._thread = threading.Thread(target=self._run, name="log", daemon=True)
            LogWriter._thread.start()

    def _run(self) -> None:
        leave_signals_to_main_thread()
        while self._some.wait():
            time.sleep(BATCH)
            self._some.clear()
            self.flush()


def finish() -> None:
    """Write what is left. Where nobody reads it, the process ends here, with 0: Python's own end would abort."""
    writing = threading.Thread(target=logging.shutdown, daemon=True)
    writing.start()
    writing.join(STUCK)
    if writing.is_alive():
        os._exit(0)


def _write(text: str) -> None:
    try:
        sys.stdout.write(text)
    except UnicodeEncodeError:  # a line holds what the output's encoding has not
        encoding = sys.stdout.encoding
        sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
    sys.stdout.flush()
