"""The backend, with less patience for requests that do not come: `python -m tests.hardness.impatient`."""

from services import slow_clients
from services.backend.app import build
from services.serving.settings import BackendSettings
from services.serving.start import run

REQUEST_TIMEOUT = 2.0
"""Seconds for a request to come, and for an answer to be read, instead of the 20 of services/slow_clients.py."""

if __name__ == "__main__":
    slow_clients.REQUEST_TIMEOUT = slow_clients.UNREAD_TIMEOUT = REQUEST_TIMEOUT
    run(BackendSettings, build)
