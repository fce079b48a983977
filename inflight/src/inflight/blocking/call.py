"""Names the function in C that a frame calls, which has no frame: the source text of the call is all that names it."""

from __future__ import annotations

import ast
import linecache
from itertools import islice
from types import CodeType, FrameType
from typing import Any

MOST_CALLS = 1000
_calls: dict[tuple[str, str, int, int], str | None] = {}
"""To read a call from its source takes long; the watchdog looks at the same one often."""


def call_in(frame: FrameType) -> str | None:
    """Return the function that a frame calls, as `call_at` does; None where it calls none."""
    code = frame.f_code
    key = code.co_filename, code.co_qualname, code.co_firstlineno, frame.f_lasti
    if key not in _calls:
        if len(_calls) >= MOST_CALLS:
            _calls.clear()
        _calls[key] = call_at(code, frame.f_lasti, frame.f_globals)
    return _calls[key]


def call_at(code: CodeType, instruction: int, module: dict[str, Any] | None = None) -> str | None:
    """Return the function that the instruction calls as the source names it; None where it is no call.

    A function in C has no frame, so the source text of the call is all that names it.
    """
    segment = _segment(code, instruction)
    if segment is None:
        return None
    line, end_line, column, end_column = segment
    lines = [text.encode() for text in linecache.getlines(code.co_filename, module)[line - 1 : end_line]]
    if len(lines) != end_line - line + 1:  # the source is not here
        return None
    lines[-1] = lines[-1][:end_column]
    lines[0] = lines[0][column:]
    try:
        expression = ast.parse(b"(" + b"".join(lines) + b")", mode="eval").body
    except (SyntaxError, ValueError):
        return None
    return _dotted(expression.func) if isinstance(expression, ast.Call) else None


def _segment(code: CodeType, instruction: int) -> tuple[int, int, int, int] | None:
    """Return where the source of an instruction begins and ends: lines from 1, columns in bytes from 0."""
    position = next(islice(code.co_positions(), instruction // 2, None), None)
    if position is None:
        return None
    line, end_line, column, end_column = position
    if line is None or end_line is None or column is None or end_column is None:  # python -X no_debug_ranges
        return None
    return line, end_line, column, end_column


def _dotted(function: ast.expr) -> str | None:
    if isinstance(function, ast.Name):
        return function.id
    if isinstance(function, ast.Attribute):
        return f"{_dotted(function.value) or ''}.{function.attr}".lstrip(".")
    return None
