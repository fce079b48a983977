"""`python -m services.backend` starts the backend."""

from services.backend.app import build
from services.serving.settings import BackendSettings
from services.serving.start import run

run(BackendSettings, build)
