"""The backend, with more patience for a request that has begun when it stops: `python -m tests.hardness.patient`."""

from services import server
from services.backend.app import build
from services.serving.settings import BackendSettings
from services.serving.start import run

PATIENCE = 15.0
"""Seconds, instead of the one of services/server.py: a busy test may be late with the rest."""

if __name__ == "__main__":
    server.PATIENCE = PATIENCE
    run(BackendSettings, build)
