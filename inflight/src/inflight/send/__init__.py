"""`inflight send`: requests to any HTTP service, and where the time of each went."""
