"""`inflight run MODULE:APP`: serves an ASGI application unchanged, with uvicorn, and measures it.

A supervisor holds the admin port and the listening sockets, and starts the workers, each a uvicorn server of its own.
"""
