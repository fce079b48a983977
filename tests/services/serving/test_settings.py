"""The environment as settings: each checked, all problems at once."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from services.serving.settings import (
    GATEWAY_PORTS,
    BackendSettings,
    GatewaySettings,
    ProgramSettings,
    SenderSettings,
    ServiceSettings,
    SettingsError,
    read_settings,
)

KINDS: list[type[ProgramSettings]] = [BackendSettings, GatewaySettings, SenderSettings]


def problems(kind: type[ProgramSettings]) -> list[str]:
    """Return the lines that say what is wrong with the environment."""
    with pytest.raises(SettingsError) as caught:
        read_settings(kind)
    return str(caught.value).splitlines()


def test_every_problem_comes_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line names the key, the value, and what would be right."""
    bad = {
        "PORT": ("http", "integer"),
        "ADMIN_PORT": ("65536", "less than or equal to 65535"),
        "LOOP": ("trio", "'uvloop' or 'asyncio'"),
        "LOG_FORMAT": ("xml", "'text' or 'json'"),
        "LOG_LEVEL": ("loud", "'debug', 'info', 'warning' or 'error'"),
        "DRAIN_DELAY": ("-1", "greater than or equal to 0"),
        "DRAIN_TIMEOUT": ("nan", "finite"),
        "MAX_IN_FLIGHT": ("0", "greater than or equal to 1"),
        "GATEWAY_MODE": ("magic", "'sync', 'async' or 'threadpool'"),
        "BACKEND_URL": ("ftp://backend", "'http' or 'https'"),
        "CONNECT_TIMEOUT": ("0", "greater than 0"),
        "UPSTREAM_TIMEOUT": ("soon", "number"),
        "UPSTREAM_LIMIT": ("-5", "greater than or equal to 1"),
    }
    for key, (value, _) in bad.items():
        monkeypatch.setenv(key, value)
    lines = problems(GatewaySettings)
    assert len(lines) == len(bad)
    for key, (value, wanted) in bad.items():
        (line,) = [line for line in lines if line.startswith(f"{key}=")]
        assert line.startswith(f"{key}={value!r}: ")
        assert wanted in line


@pytest.mark.parametrize("kind", KINDS)
def test_empty_means_default(monkeypatch: pytest.MonkeyPatch, kind: type[ProgramSettings]) -> None:
    """A variable that is set to nothing is as good as not set."""
    defaults = read_settings(kind)
    for name in kind.model_fields:
        monkeypatch.setenv(name.upper(), "")
    assert read_settings(kind) == defaults


@pytest.mark.parametrize(("mode", "port"), GATEWAY_PORTS.items())
def test_the_mode_chooses_the_ports(monkeypatch: pytest.MonkeyPatch, mode: str, port: int) -> None:
    """Three gateways start on one machine without a word about ports."""
    monkeypatch.setenv("GATEWAY_MODE", mode)
    settings = read_settings(GatewaySettings)
    assert (settings.port, settings.admin_port) == (port, port + 1000)


def test_a_port_that_is_given_goes_before_the_modes(monkeypatch: pytest.MonkeyPatch) -> None:
    """PORT moves the service and leaves the admin port where the mode has it."""
    monkeypatch.setenv("GATEWAY_MODE", "sync")
    monkeypatch.setenv("PORT", "8000")
    settings = read_settings(GatewaySettings)
    assert (settings.port, settings.admin_port) == (8000, 9001)


def test_an_unknown_mode_is_named_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is one problem, not also one of the ports that the mode would have chosen."""
    monkeypatch.setenv("GATEWAY_MODE", "Sync")
    assert problems(GatewaySettings) == ["GATEWAY_MODE='Sync': should be 'sync', 'async' or 'threadpool'"]


@pytest.mark.parametrize("url", ["http://backend/?a=b", "http://backend/#top", "backend:8000", "http://", "/backend"])
def test_a_backend_url_is_only_a_place(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """The task goes behind the URL, so a query or a fragment in it would swallow the task."""
    monkeypatch.setenv("BACKEND_URL", url)
    (line,) = problems(GatewaySettings)
    assert line.startswith(f"BACKEND_URL={url!r}: ")


def test_settings_cannot_be_changed() -> None:
    """What was read stays."""
    settings = read_settings(BackendSettings)
    with pytest.raises(ValidationError, match="frozen"):
        settings.port = 1  # type: ignore[misc]


def test_targets_are_named_urls(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spaces around names and URLs do not matter."""
    monkeypatch.setenv("TARGETS", "a=http://a:1, b = http://b:2/x ")
    assert {name: str(url) for name, url in read_settings(SenderSettings).targets.items()} == {
        "a": "http://a:1/",
        "b": "http://b:2/x",
    }


@pytest.mark.parametrize(
    "targets", ["http://a:1", "a=", "=http://a", "a=http://a,", "a=ftp://a", "a=http://a?b=c", "a=http://a,a=http://b"]
)
def test_other_targets_are_refused(monkeypatch: pytest.MonkeyPatch, targets: str) -> None:
    """No name, no URL, another scheme, a name given twice."""
    monkeypatch.setenv("TARGETS", targets)
    (line,) = problems(SenderSettings)
    assert line.startswith("TARGETS=")


@pytest.mark.parametrize("kind", [BackendSettings, GatewaySettings])
def test_every_setting_says_what_it_is_for(kind: type[ServiceSettings]) -> None:
    """The README's table is made of these sentences."""
    assert all(field.description for field in kind.model_fields.values())
