"""The process that watches the files for `--reload`, with uvicorn's own means."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
from pathlib import Path

from uvicorn.config import Config
from uvicorn.supervisors import ChangeReload

from inflight.run.channel import send
from inflight.run.configuration import read

log = logging.getLogger("uvicorn.error")


def watch(end: socket.socket, arguments: list[str]) -> None:
    """Tell the supervisor of each change, until it is gone."""
    supervisor = os.getppid()
    config = Config(**read(arguments))
    while os.getppid() == supervisor:
        # A new one for each change: what it knows of the files is only renewed with the process that it would start.
        watcher = ChangeReload(config, target=lambda _sockets: None, sockets=[])
        for changes in watcher:
            if os.getppid() != supervisor:
                return
            if changes:
                names = ", ".join(f"'{_short(path)}'" for path in changes)
                log.warning("%s detected changes in %s. Reloading...", watcher.reloader_name, names)
                send(end, "changed")
                break


def _short(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the supervisor ends it when the worker has ended
    watch(socket.socket(fileno=int(sys.argv[1])), sys.argv[4:])
