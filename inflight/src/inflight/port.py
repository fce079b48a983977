"""A port that is listened on before anything else is loaded, so that one that is taken is said at once."""

from __future__ import annotations

import errno
import socket

BACKLOG = 128


class PortError(Exception):
    """A port cannot be listened on; the text names it, the reason, and the setting that picks another."""

    def __init__(self, host: str, port: int, setting: str, error: OSError) -> None:
        reason = "the port is in use" if error.errno == errno.EADDRINUSE else (error.strerror or str(error)).lower()
        super().__init__(f"cannot listen on {host}:{port}: {reason}; set {setting} to another")


def listen(host: str, port: int, setting: str) -> socket.socket:
    """Return a socket that listens; a connection waits in its queue until somebody accepts. Raises PortError."""
    listener = None
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        if listener is not None:
            listener.close()
        raise PortError(host, port, setting, error) from error
    return listener
