"""Watches the queues of a listening port from outside: any server, in any language, without privileges. Linux only."""
