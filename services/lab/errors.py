"""What stops the command: a line for the user, and no traceback."""

from __future__ import annotations


class LabError(Exception):
    """Something that the user can put right; the text names it and says what would be right."""
