"""How each entry of a ledger looks and what it means: a colour, a hatching, and words; never a colour alone.

The colours of what a server spends are Okabe and Ito's palette ("Color Universal Design", 2008), made to be told apart
with any colour vision; grey stands for its black, which dark paper would swallow. Three more are muted, for what is
rarer. They are the same on light and dark paper.
"""

from __future__ import annotations

from dataclasses import dataclass

from inflight.report.bars import UNEXPLAINED
from inflight.send.record import ENTRIES


@dataclass(frozen=True, slots=True)
class Look:
    """An entry's colour, its hatching as plotly names it ("" for none), the hatching's colour, the entry's meaning.

    `size` is the hatching's grain in pixels.
    """

    colour: str
    shape: str
    lines: str
    meaning: str
    size: int = 8


LOOKS = {
    "sender": Look(
        "#595959", "x", "#fff", "Whoever sends is late itself, in sending or in reading what has come.", size=4
    ),
    "connect": Look("#999999", "|", "#fff", "The client opens a connection."),
    "kernel": Look(
        "#D55E00",
        "/",
        "#fff",
        "Arrived, but not read yet: a blocked event loop reads nothing.",
    ),
    "loop": Look("#E69F00", "\\", "#fff", "Read, or an upstream's response is here, and the event loop is busy."),
    "receive": Look("#8C6D31", "+", "#fff", "The client has not sent all of its body yet.", size=4),
    "thread": Look("#CC79A7", "x", "#fff", "Its turn, but every thread of the pool is busy."),
    "pool": Look("#0072B2", "+", "#fff", "Ready to call an upstream, but every connection to it is taken."),
    "upstream": Look("#56B4E9", "", "#fff", "An upstream is at work: the part that has to be."),
    "application": Look("#009E73", ".", "#fff", "The service's own work, its waits for another turn included."),
    "first byte": Look(
        "#B9A5D6", "-", "#000", "Sent, and no response yet: where in the server, the server does not say.", size=4
    ),
    "body": Look("#A9CF8F", "|", "#000", "The response is on its way, from its first byte to its last.", size=4),
    "network": Look("#F0E442", "-", "#000", "The rest: the way there and back."),
    UNEXPLAINED: Look(
        "#D9D9D9",
        ".",
        "#666",
        "Where this time went is not known.",
        size=4,
    ),
}

assert tuple(LOOKS) == (*ENTRIES, UNEXPLAINED)
