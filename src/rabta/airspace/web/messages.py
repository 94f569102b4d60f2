"""Bodies of requests, and refusals as answers."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from rabta.airspace.dss.rules import RefusedError

LARGEST_BODY = 4_000_000
Answer = Callable[[Request], Awaitable[Response]]


def answered(inner: Answer) -> Answer:
    """Handler whose refusals are answers."""

    async def answer(request: Request) -> Response:
        try:
            return await inner(request)
        except RefusedError as refused:
            return JSONResponse(refused.body, refused.status)

    return answer


async def body(request: Request) -> Mapping[str, Any]:
    """Body of a request, which must be a JSON object of bearable size.

    Raises
    ------
    RefusedError
    """
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > LARGEST_BODY:
            raise RefusedError(413, f"a body of more than {LARGEST_BODY} bytes")
        parts.append(part)
    try:
        found = json.loads(b"".join(parts))
    except (ValueError, RecursionError):
        raise RefusedError(400, "a body that is no JSON") from None
    if not isinstance(found, dict):
        raise RefusedError(400, "a body that is no object")
    return found
