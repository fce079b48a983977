"""The slow backend: waits, then responds."""
