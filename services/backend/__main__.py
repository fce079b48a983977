"""`python -m services.backend` starts the backend."""

from services.backend.app import build
from services.server import run
from services.settings import BackendSettings

run(BackendSettings, build)
