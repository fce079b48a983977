"""What the dashboards ask Prometheus for of `inflight watch`, in PromQL; `chosen` and `by` as in `queries`."""

from __future__ import annotations

from dashboards.queries import INTERVAL


def oldest_unread(chosen: str, by: str = "port") -> str:
    """Ask for the seconds that the oldest unread byte has lain there."""
    return f"max by ({by}) (tcp_oldest_unread_seconds{{{chosen}}})"


def unread(chosen: str, by: str = "port") -> str:
    """Ask for the connections with unread bytes."""
    return f"sum by ({by}) (tcp_unread_connections{{{chosen}}})"


def accept_queue(chosen: str) -> str:
    """Ask for the connections that wait to be accepted, where most do."""
    return f"max by (port) (tcp_accept_queue{{{chosen}}})"


def accept_queue_limit(chosen: str) -> str:
    """Ask for how many may wait to be accepted, where fewest may."""
    return f"min by (port) (tcp_accept_queue_limit{{{chosen}}})"


def accept_queue_share(chosen: str) -> str:
    """Ask for how full the fullest accept queue is, from 0 to 1."""
    return f"max by () (tcp_accept_queue{{{chosen}}} / (tcp_accept_queue_limit{{{chosen}}} > 0))"


def overflows(chosen: str) -> str:
    """Ask for the connections a second that the kernel refused because an accept queue was full."""
    return f"sum by () (rate(tcp_listen_overflows_total{{{chosen}}}[{INTERVAL}]))"


def dropped(chosen: str) -> str:
    """Ask for the number of them in the last minute."""
    return f"sum by () (increase(tcp_listen_overflows_total{{{chosen}}}[1m]))"
