"""`python -m services.gateway` starts a gateway; GATEWAY_MODE says which."""

from services.gateway.app import build
from services.server import run
from services.settings import GatewaySettings

run(GatewaySettings, build)
