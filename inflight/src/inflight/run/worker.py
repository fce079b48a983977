"""A worker process: reads uvicorn's options, and serves.

Arguments: the descriptor of the channel, the worker's number, those of the listening sockets with commas (none in the
first worker, which opens them), then the user's own.
"""

from __future__ import annotations

import logging
import os
import socket
import sys
from collections.abc import Sequence
from typing import Any

import click

from inflight.run.channel import send
from inflight.run.configuration import NAME, read, without_reload
from inflight.run.options import USAGE_ERROR
from inflight.run.pulse import Pulse, new_memory

INTERRUPTED = 130

log = logging.getLogger("inflight")


def main(arguments: list[str]) -> int:
    """Serve. Returns the exit status."""
    if arguments[0].startswith("-"):  # --help or --version, which need no supervisor
        return _options(arguments)[1]
    channel, _, places, *own = arguments
    end = socket.socket(fileno=int(channel))
    sockets = [socket.socket(fileno=int(place)) for place in places.split(",") if place]
    for each in (end, *sockets):
        each.set_inheritable(False)
    sys.argv[1:] = own
    options, status = _options(own)
    return status if options is None else _serve(end, sockets, options)


def _options(arguments: list[str]) -> tuple[dict[str, Any] | None, int]:
    """Return uvicorn's options; None, and the exit status, where they are wrong or ask for help."""
    try:
        return read(arguments), 0
    except click.exceptions.Exit as done:
        return None, done.exit_code
    except click.ClickException as error:
        print(f"{NAME}: {error.format_message().rstrip('.')} ({NAME} --help says more)", file=sys.stderr)
        return None, USAGE_ERROR


def _serve(end: socket.socket, sockets: list[socket.socket], options: dict[str, Any]) -> int:
    from inflight.run.measure import measure, watch_port
    from inflight.run.server import MeasuredConfig, MeasuredServer, serve

    reload = bool(options.get("reload"))
    try:
        config = MeasuredConfig(**without_reload(options))
    except (ValueError, OSError, ImportError, KeyError) as error:
        print(f"{NAME}: {error}", file=sys.stderr)
        return USAGE_ERROR
    memory = new_memory()
    pulse = Pulse(memory)
    telemetry = config.telemetry = measure(end, pulse)  # now that --env-file and --log-config are heeded
    workers = 1 if reload else config.workers
    facts = {"workers": workers, "reload": reload, "uds": config.uds, "healthcheck": config.timeout_worker_healthcheck}
    send(end, "plan", [memory], **facts)
    os.close(memory)
    if telemetry is not None:
        telemetry.live.shares_port = workers > 1
    for each in sockets:
        watch_port(telemetry, each)

    def listening(listeners: Sequence[socket.socket]) -> None:
        send(end, "listening", [each.fileno() for each in listeners], workers=workers)
        for each in listeners:
            watch_port(telemetry, each)

    def started(listeners: Sequence[socket.socket]) -> None:
        if not sockets:
            listening(listeners)
        send(end, "started")

    if not sockets and (reload or workers > 1):  # as uvicorn does, before the application is loaded
        sockets = [config.bind_socket()]
        listening(sockets)
    return serve(config, MeasuredServer(config, telemetry, started), sockets or None)


if __name__ == "__main__":
    try:
        STATUS = main(sys.argv[1:])
    except KeyboardInterrupt:  # before uvicorn heeds it
        STATUS = INTERRUPTED
    sys.exit(STATUS)
