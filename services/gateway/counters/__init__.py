"""The gateway's one write, `POST /counters/{name}`: read, wait as the backend does, write back."""
