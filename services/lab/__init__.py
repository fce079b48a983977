"""The command `lab`: the lab on one machine."""
