"""What stops a command: a line for the user and an exit code, and no traceback."""

from __future__ import annotations

USAGE_ERROR = 2
INTERRUPTED = 130
"""128 and SIGINT's number, as shells count it."""


class CommandError(Exception):
    """Something that the user can put right; the text names it and says what would be right."""


class Interrupted(Exception):
    """The user stopped the work; what had to be cleared away is cleared away."""


def reason(error: OSError | UnicodeError) -> str:
    """Return why the system refused something, in words that go on a sentence."""
    if isinstance(error, UnicodeError):  # Python encodes a host's name before the system is asked for it
        return "that is no host's name"
    return (error.strerror or str(error)).lower()
