"""The options of `inflight run` that are not uvicorn's."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import NamedTuple

USAGE_ERROR = 2

Network = IPv4Network | IPv6Network


class UsageError(Exception):
    """Something that the user can put right, in one line."""


class Option(NamedTuple):
    """One option, as it is typed and as the help has it."""

    name: str
    default: str
    help: str


OPTIONS = (
    Option("--admin-port", "9000", "Port of /metrics, /livez, /readyz and /requests; 0 picks one."),
    Option("--admin-host", "127.0.0.1", "Address that the admin port is bound to."),
    Option("--admin-requests-from", "127.0.0.0/8,::1", "Networks whose clients may read /requests, with commas."),
)


class Options(NamedTuple):
    """The options, checked."""

    admin_port: int
    admin_host: str
    admin_requests_from: tuple[Network, ...]


def split(arguments: list[str]) -> tuple[Options, list[str]]:
    """Return the options, and the arguments that are left for uvicorn. Raises UsageError."""
    values = {option.name: option.default for option in OPTIONS}
    rest = []
    left = iter(arguments)
    for argument in left:
        name, equals, value = argument.partition("=")
        if name not in values:
            rest.append(argument)
            continue
        given = value if equals else next(left, None)
        if given is None:
            raise UsageError(f"{name} needs a value")
        values[name] = given
    port, host, networks = values.values()
    return Options(_port(port), host, tuple(_network(text) for text in networks.split(","))), rest


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise UsageError(f"--admin-port: {text!r} is no port")
    return int(text)


def _network(text: str) -> Network:
    try:
        return ip_network(text.strip(), strict=False)
    except ValueError:
        raise UsageError(f"--admin-requests-from: {text!r} is no address or network") from None
