"""transparent-fastapi."""

from __future__ import annotations

from transparent_fastapi import install

from bench.services.app import app

install(app)
