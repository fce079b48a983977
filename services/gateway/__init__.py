"""The gateway in front of the backend, built three ways."""
