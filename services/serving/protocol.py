"""uvicorn's HTTP protocol, whose responses leave when they are written."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.config import HTTP_PROTOCOLS
from uvicorn.importer import import_from_string


class OpenTransport:
    """A transport that takes nothing more once it is closing.

    uvicorn closes a connection on which something malformed came while a request of it is in flight; uvloop's transport
    raises for the response then, where asyncio's ignores it.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport

    def write(self, data: bytes) -> None:
        """Write, if the connection is open."""
        if not self._transport.is_closing():
            self._transport.write(data)

    def __getattr__(self, name: str) -> Any:
        """Return anything else as the transport has it."""
        return getattr(self._transport, name)


def prompt_protocol(http: str) -> type[asyncio.Protocol]:
    """Return uvicorn's protocol of this name such that responses leave at once.

    uvloop otherwise keeps writes back until the loop's next turn (its `UVStream._initiate_write`): a handler that
    blocks would hold the responses of those before it. With a high-water mark of 0 it writes at once, as asyncio does.
    """
    protocol: Any = import_from_string(HTTP_PROTOCOLS[http])

    class PromptProtocol(protocol):  # type: ignore[misc]
        def connection_made(self, transport: asyncio.Transport) -> None:
            super().connection_made(OpenTransport(transport))
            transport.set_write_buffer_limits(high=0)

    return PromptProtocol
