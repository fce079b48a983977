"""How each gateway looks in a figure: a colour that any colour vision tells apart, and a mark of its own too."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Look:
    """A colour of Okabe and Ito's, a dash, a mark and a hatching, as plotly names them."""

    colour: str
    dash: str
    mark: str
    hatch: str


LOOKS = {
    "sync": Look("#D55E00", "dash", "circle", "/"),
    "threadpool": Look("#0072B2", "solid", "square", "x"),
    "async": Look("#009E73", "dot", "diamond", "."),
}
