"""How each entry of a ledger looks and what it means: a colour, a hatching, and words; never a colour alone.

The colours are Okabe and Ito's palette ("Color Universal Design", 2008), made to be told apart with any colour vision;
grey stands for its black, which dark paper would swallow. They are the same on light and dark paper.
"""

from __future__ import annotations

from dataclasses import dataclass

from services.lab.report.bars import UNEXPLAINED
from services.sender.record import ENTRIES


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
    "loop": Look("#E69F00", "\\", "#fff", "Read, or its answer is back, but the event loop has not got round to it."),
    "thread": Look("#CC79A7", "x", "#fff", "Its turn, but every thread of the pool is busy."),
    "pool": Look("#0072B2", "+", "#fff", "Ready to call the backend, but every connection to it is taken."),
    "upstream": Look("#56B4E9", "", "#fff", "The backend is at work: the part that has to be."),
    "application": Look("#009E73", ".", "#fff", "The service's own work, its waits for another turn included."),
    "network": Look("#F0E442", "-", "#000", "The rest: the way there and back, and a body sent after its head."),
    UNEXPLAINED: Look(
        "#D9D9D9",
        ".",
        "#666",
        "Nobody said where this time went: no answer came, or none with a Server-Timing whose total fits.",
        size=4,
    ),
}

assert tuple(LOOKS) == (*ENTRIES, UNEXPLAINED)
