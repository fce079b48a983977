"""Benchmarks: the lab's async-gateway beside its peers, in one run on one machine."""
