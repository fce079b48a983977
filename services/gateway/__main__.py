"""`python -m services.gateway` starts a gateway; GATEWAY_MODE says which."""

from services.gateway.app import build
from services.settings import GatewaySettings
from services.start import run

run(GatewaySettings, build)
