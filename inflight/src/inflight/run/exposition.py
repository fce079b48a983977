"""Several workers' metrics as one text: each sample gets a `worker` label, and each family stands there once.

Works on the text itself, in both of its formats: a supervisor without prometheus-client has a third of the memory.
Source: https://prometheus.io/docs/instrumenting/exposition_formats/, and the OpenMetrics specification.
"""

from __future__ import annotations

from collections.abc import Iterable

TEXT = "text/plain; version=0.0.4; charset=utf-8"
END = "# EOF"


def merge(expositions: Iterable[tuple[str | None, str]]) -> str:
    """Return one exposition of all; each comes with the `worker` that its samples are labelled with, or None."""
    families: dict[str, tuple[list[str], list[str]]] = {}
    end = ""
    for worker, text in expositions:
        about: list[str] = []
        samples: list[str] = []
        first = False
        for line in text.splitlines():
            if line == END:
                end = f"{END}\n"
            elif line.startswith("# HELP "):
                first = line.split(" ", 3)[2] not in families
                about, samples = families.setdefault(line.split(" ", 3)[2], ([], []))
                if first:
                    about.append(line)
            elif line.startswith("#"):
                if first:
                    about.append(line)
            elif line:
                samples.append(line if worker is None else labelled(line, worker))
    lines = (line for about, samples in families.values() for line in (*about, *samples))
    return "".join(f"{line}\n" for line in lines) + end


def labelled(sample: str, worker: str) -> str:
    """Return a sample's line with the label `worker`, before all others."""
    name, brace, rest = sample.partition("{")
    if brace and " " not in name:  # else what is in braces is an exemplar
        return f'{name}{{worker="{worker}",{rest}'
    name, _, value = sample.partition(" ")
    return f'{name}{{worker="{worker}"}} {value}'


def gauge(name: str, documentation: str, samples: Iterable[tuple[str, float]]) -> str:
    """Return one gauge as text, nothing where it has no samples; each is the text of its labels, and its value."""
    samples = list(samples)
    if not samples:
        return ""
    lines = [f"# HELP {name} {documentation}", f"# TYPE {name} gauge"]
    lines += [f"{name}{{{labels}}} {value}" if labels else f"{name} {value}" for labels, value in samples]
    return "\n".join(lines) + "\n"
