"""The command `inflight`: the lab on one machine."""
