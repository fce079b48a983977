"""The path that an application's own routes are matched with: what a server or proxy put before it is taken off."""

from __future__ import annotations


def below(path: str, root_path: str) -> str:
    """Return `path` without `root_path`, where it begins with it: a proxy may have taken it off already."""
    root = root_path.rstrip("/")
    if root and (path == root or path.startswith(f"{root}/")):
        return path[len(root) :]
    return path


def joined(prefix: str, template: str) -> str:
    """Return `template` behind the prefix of its mount, with one slash between them."""
    return f"{prefix}/{template.removeprefix('/')}" if prefix else template
