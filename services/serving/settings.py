"""The environment, read once, into one frozen and checked object per program. Times are seconds."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, Field, HttpUrl, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from inflight.terminal.urls import hide_userinfo

Port = Annotated[int, Field(ge=0, le=65535)]
Seconds = Annotated[float, Field(ge=0, le=3600, allow_inf_nan=False)]
PositiveSeconds = Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)]


def _only_a_place(url: HttpUrl) -> HttpUrl:
    if url.query is not None or url.fragment is not None:
        raise ValueError("should have no query and no fragment: the task goes behind it")
    return url


Place = Annotated[HttpUrl, AfterValidator(_only_a_place)]
"""A URL below which the tasks are."""

GatewayMode = Literal["sync", "async", "threadpool"]
GATEWAY_PORTS: dict[str, int] = {"sync": 8001, "async": 8002, "threadpool": 8003}
"""Where each gateway listens on one machine; its admin port is 1000 higher."""


USAGE_ERROR = 2
"""The exit code of a program that cannot start with its settings."""


class ProgramSettings(BaseSettings):
    """What every program can be told."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    host: str = Field("127.0.0.1", description="The address to listen on; 0.0.0.0 in a container.")
    admin_port: Port = Field(9000, description="The port of /metrics, /livez and /readyz; 0 lets the system choose.")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="What is logged, and worse.")
    log_format: Literal["text", "json"] = Field("text", description="Lines for people, or an object a line.")


class ServiceSettings(ProgramSettings):
    """What every service can be told."""

    port: Port = Field(8000, description="The service's port; 0 lets the system choose.")
    loop: Literal["uvloop", "asyncio"] = Field("uvloop", description="The event loop.")
    http: Literal["httptools", "h11"] = Field("httptools", description="What parses requests.")
    drain_delay: Seconds = Field(0.0, description="How long a stopping service, not ready any more, still accepts.")
    drain_timeout: PositiveSeconds = Field(30.0, description="How long requests under way may take to finish then.")
    liveness_stall_limit: PositiveSeconds = Field(
        300.0, description="/livez fails when the event loop has stood still for longer: busy is not dead."
    )
    max_in_flight: int | None = Field(None, ge=1, description="Requests at once; more get a 503. Unset: no limit.")
    max_connection_age: PositiveSeconds | None = Field(
        None, description="A connection older than this ends with its next response. Unset: no limit."
    )


class BackendSettings(ServiceSettings):
    """What the backend can be told."""

    delay: float = Field(1.0, ge=0, le=60, allow_inf_nan=False, description="How long each response takes.")


class GatewaySettings(ServiceSettings):
    """What a gateway can be told. Without PORT and ADMIN_PORT, the mode chooses them."""

    gateway_mode: GatewayMode = Field("async", description="How the gateway calls the backend.")
    backend_url: Place = Field(HttpUrl("http://127.0.0.1:8000"), description="Where the backend is.")
    connect_timeout: PositiveSeconds = Field(5.0, description="To reach the backend; then 502.")
    upstream_timeout: PositiveSeconds = Field(
        90.0, description="For the backend's response; in the blocking gateways, for each read of it. Then 504."
    )
    upstream_limit: int | None = Field(
        None, ge=1, description="Connections to the backend at once; more calls queue. Unset: no limit."
    )

    @model_validator(mode="before")
    @classmethod
    def _ports_of_the_mode(cls, values: dict[str, Any]) -> dict[str, Any]:
        port = GATEWAY_PORTS.get(str(values.get("gateway_mode", "async")))
        if port is not None:
            values = {"port": port, "admin_port": port + 1000, **values}
        return values


class SenderSettings(ProgramSettings):
    """What the sender, running as a service, can be told."""

    admin_port: Port = Field(9004, description="The port of /metrics, /livez and /readyz; 0 lets the system choose.")
    targets: Annotated[dict[str, Place], NoDecode] = Field(
        default_factory=lambda: {
            f"{mode}-gateway": HttpUrl(f"http://127.0.0.1:{port}") for mode, port in GATEWAY_PORTS.items()
        },
        description="Where to send: NAME=URL, separated by commas.",
    )
    tasks: int = Field(10, ge=1, le=10_000, description="Tasks in a burst.")
    every: PositiveSeconds = Field(15.0, description="From one burst to the next.")
    delay: float = Field(1.0, ge=0, le=60, allow_inf_nan=False, description="The delay that each task asks for.")
    timeout: PositiveSeconds = Field(120.0, description="For a whole response.")
    wait_for_targets: Seconds = Field(
        0.0, description="How long the first burst waits for a target that does not respond with success yet."
    )

    @field_validator("targets", mode="before")
    @classmethod
    def _named_urls(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        pairs = [pair.partition("=") for pair in value.split(",")]
        if not all(name.strip() and url.strip() for name, _, url in pairs):
            raise ValueError("should be NAME=URL, separated by commas")
        if len({name.strip() for name, _, _ in pairs}) < len(pairs):
            raise ValueError("should give each name once")
        return {name.strip(): url.strip() for name, _, url in pairs}


class SettingsError(Exception):
    """The environment holds values that cannot be used; its text has a line for each."""


S = TypeVar("S", bound=ProgramSettings)


def read_settings(kind: type[S]) -> S:
    """Return the settings of one program from the environment.

    Raises SettingsError, with all problems at once.
    """
    try:
        return kind()
    except ValidationError as error:
        raise SettingsError("\n".join(_line(fault) for fault in error.errors())) from None


def _line(fault: Any) -> str:
    name = str(fault["loc"][0]).upper() if fault["loc"] else "settings"
    wanted = fault["msg"].removeprefix("Value error, ").removeprefix("Input ")
    value = fault["input"]
    return f"{name}={hide_userinfo(value) if isinstance(value, str) else value!r}: {wanted}"
