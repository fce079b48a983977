"""The backend, with less patience for requests that do not come: `python -m tests.hardness.impatient`."""

from services import guard
from services.backend.app import build
from services.settings import BackendSettings
from services.start import run

REQUEST_TIMEOUT = 2.0
"""Seconds for a request to come, and for an answer to be read, instead of the 20 of services/guard.py."""

if __name__ == "__main__":
    guard.REQUEST_TIMEOUT = guard.UNREAD_TIMEOUT = REQUEST_TIMEOUT
    run(BackendSettings, build)
