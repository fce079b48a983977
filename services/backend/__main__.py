"""`python -m services.backend` starts the backend."""

from services.backend.app import build
from services.settings import BackendSettings
from services.start import run

run(BackendSettings, build)
