"""`python -m services.gateway` starts a gateway; GATEWAY_MODE says which."""

from services.gateway.app import build
from services.serving.settings import GatewaySettings
from services.serving.start import run

run(GatewaySettings, build)
