"""The counters' routes: read, write, write only what was read, and the increment that needs no read."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Request, Response
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from starlette.exceptions import HTTPException

from services.backend.counters import LARGEST, MOST_COUNTERS, ChangedError, Counter, Counters, NoRoomError
from services.serving.openapi import responses
from services.serving.parameters import CounterName, IdempotencyKey

MOST_BYTES = 1024
"""Of a request's body."""
NO_ROOM = f"there are {MOST_COUNTERS} counters, or this one is {LARGEST}: that is all there is room for"
ETAG = {"ETag": {"description": "This version of the counter.", "schema": {"type": "string"}}}

IfMatch = Annotated[
    str | None, Header(alias="If-Match", max_length=256, description="Write only if the counter still has this ETag.")
]


def _whole(value: object) -> object:
    """Return 1 for 1.0: to a JSON schema it is an integer, too."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


class Value(BaseModel):
    """A counter's value."""

    model_config = ConfigDict(extra="forbid", strict=True)

    value: Annotated[int, BeforeValidator(_whole)] = Field(ge=0)


SCHEMA = Value.model_json_schema()
BODY: dict[str, Any] = {"requestBody": {"required": True, "content": {"application/json": {"schema": SCHEMA}}}}


def counters_router() -> APIRouter:
    """Return routes for counters of their own, all 0."""
    router, counters = APIRouter(prefix="/counters"), Counters()

    @router.get("/{name}", response_class=Response, responses=responses(SCHEMA, 404, 405, 422, 503, headers=ETAG))
    async def read(name: CounterName) -> Response:
        """Return the counter; one that was never written is 0."""
        return _response(counters.read(name))

    @router.put(
        "/{name}",
        response_class=Response,
        responses=responses(SCHEMA, 404, 405, 412, 413, 422, 503, 507, headers=ETAG),
        openapi_extra=BODY,
    )
    async def write(name: CounterName, request: Request, if_match: IfMatch = None) -> Response:
        """Set the counter; with `If-Match` only if nobody has written it since it was read."""
        value = await _value(request)
        try:
            return _response(counters.write(name, value, if_match))
        except ChangedError:
            raise HTTPException(412, "the counter has another ETag by now: read it again") from None
        except NoRoomError:
            raise HTTPException(507, NO_ROOM) from None

    @router.post(
        "/{name}/increments",
        response_class=Response,
        responses=responses(SCHEMA, 404, 405, 422, 503, 507, headers=ETAG),
    )
    async def increment(name: CounterName, key: IdempotencyKey = None) -> Response:
        """Add 1, atomically; a request with an `Idempotency-Key` that was used before gets the response of then."""
        try:
            return _response(counters.increment(name, key))
        except NoRoomError:
            raise HTTPException(507, NO_ROOM) from None

    return router


def _response(counter: Counter) -> Response:
    return Response(b'{"value":%d}' % counter.value, headers={"ETag": counter.etag}, media_type="application/json")


async def _value(request: Request) -> int:
    """Return the value that the body holds. Not a parameter of the route: FastAPI reads a body of any length."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise HTTPException(413, f"the body is larger than {MOST_BYTES} bytes")
    try:
        return Value.model_validate_json(bytes(body)).value
    except ValidationError as error:
        fault = error.errors()[0]
        raise HTTPException(422, f"{'.'.join(map(str, fault['loc'])) or 'body'}: {fault['msg']}") from None
