"""A port that is listened on before anything else is loaded, so that one that is taken is said at once."""

from __future__ import annotations

import errno
import socket

from inflight.terminal.errors import reason

BACKLOG = 128


class PortError(Exception):
    """A port cannot be listened on; the text names it, the reason, and the setting that picks another."""

    def __init__(self, host: str, port: int, setting: str, error: OSError | UnicodeError) -> None:
        in_use = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        why = "the port is in use" if in_use else reason(error)
        wrong = "the host" if isinstance(error, (socket.gaierror, UnicodeError)) else setting
        super().__init__(f"cannot listen on {host}:{port}: {why}; set {wrong} to another")


def listen(host: str, port: int, setting: str) -> socket.socket:
    """Return a socket that listens; a connection waits in its queue until somebody accepts. Raises PortError."""
    listener = None
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except (OSError, UnicodeError) as error:
        if listener is not None:
            listener.close()
        raise PortError(host, port, setting, error) from error
    return listener
