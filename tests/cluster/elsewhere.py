"""A kubectl context that leads to another cluster, which is not to be asked for anything."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import yaml

NAME = "production"


class Elsewhere:
    """A server that lets nobody in, and knows who has tried. `kubeconfig` makes it kubectl's current cluster."""

    def __init__(self, directory: Path) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self._server.setblocking(False)
        url = f"https://127.0.0.1:{self._server.getsockname()[1]}"
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": NAME, "cluster": {"server": url, "insecure-skip-tls-verify": True}}],
            "users": [{"name": NAME, "user": {"token": "none"}}],
            "contexts": [{"name": NAME, "context": {"cluster": NAME, "user": NAME}}],
            "current-context": NAME,
        }
        path = directory / "elsewhere.kubeconfig"
        path.write_text(yaml.safe_dump(content))
        former = os.environ.get("KUBECONFIG", str(Path.home() / ".kube" / "config"))
        self.kubeconfig = f"{path}{os.pathsep}{former}"
        """A value for KUBECONFIG; the first file in it says which context is the current one."""

    def was_asked(self) -> bool:
        """Return whether anybody has connected."""
        try:
            self._server.accept()[0].close()
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        """Close the server."""
        self._server.close()
