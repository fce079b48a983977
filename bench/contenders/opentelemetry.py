"""OpenTelemetry's FastAPI instrumentation, with its exporter for Prometheus: metrics, and no tracer."""

from __future__ import annotations

from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.metrics import set_meter_provider
from opentelemetry.sdk.metrics import MeterProvider
from prometheus_client import make_asgi_app

from bench.services.app import app

set_meter_provider(MeterProvider(metric_readers=[PrometheusMetricReader()]))
FastAPIInstrumentor.instrument_app(app)
app.mount("/metrics", make_asgi_app())
