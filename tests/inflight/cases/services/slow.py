"""An upstream that responds after SECONDS: what the cases with a pool of connections call."""
import asyncio, os


async def app(scope, receive, send):
    assert scope["type"] == "http"
    await asyncio.sleep(float(os.environ["SECONDS"]))
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"[]"})
