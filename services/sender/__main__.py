"""`python -m services.sender` sends a burst to every target, again and again: the load on the cluster."""

from services.sender.bursts import run

run()
