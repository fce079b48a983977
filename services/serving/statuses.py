"""HTTP statuses that need care."""

BODYLESS = frozenset({204, 205, 304})
"""Responses with these have no content (RFC 9110, sections 15.3.5, 15.3.6, 15.4.5)."""
FIRST_ERROR = 400
"""From here on a status is an error, and its response a problem (RFC 9110, section 15.5)."""
FINAL = range(200, 600)
"""The statuses that a response may have; below is interim, above is not HTTP (RFC 9110, section 15)."""
