"""Signals belong to the main thread."""

from __future__ import annotations

import signal


def leave_signals_to_main_thread() -> None:
    """Block all signals in the running thread, and in those that it starts.

    A signal goes to any thread that does not block it (signal(7)). Taken by another one, it does not interrupt the call
    in which a blocked event loop's thread waits, and SIGTERM goes unheard until that call is over.
    """
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
