"""The upstream of all: responds to each request at once, from memory. `python -m bench.upstream PORT` runs it."""

from __future__ import annotations

import asyncio
import sys

import uvloop

from services.lab.process import LOOPBACK

END = b"\r\n\r\n"
RESPONSE = b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 21\r\n\r\n{"message":"success"}'


class Upstream(asyncio.Protocol):
    """One connection; requests without a body, one after another or several at once."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Keep the transport."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Respond to each request whose headers have ended."""
        self.transport.write(RESPONSE * data.count(END))


async def main(port: int) -> None:
    """Serve until the process is ended."""
    server = await asyncio.get_running_loop().create_server(Upstream, LOOPBACK, port, backlog=4096)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
