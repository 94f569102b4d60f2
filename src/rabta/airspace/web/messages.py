"""Bodies of requests, and refusals as answers."""

from __future__ import annotations

import json
import math
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


def _finite(text: str) -> float:
    """A number of JSON; NaN and infinity, also by their exponent, are none (RFC 8259, section 6)."""
    found = float(text)
    if not math.isfinite(found):
        raise ValueError("a number that is none")
    return found


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
    raw = b"".join(parts)
    try:
        found = json.loads(raw, parse_constant=_finite, parse_float=_finite)
        if b"\\ud" in raw or b"\\uD" in raw:
            json.dumps(found, ensure_ascii=False).encode()  # half a pair is no letter, and cannot be written
    except (ValueError, RecursionError):
        raise RefusedError(400, "a body that is no JSON") from None
    if not isinstance(found, dict):
        raise RefusedError(400, "a body that is no object")
    return found
