"""The slow backend: waits, then answers."""
