"""How both servers refuse: one JSON sentence whatever was asked, and no traceback in the answer or the log.

Anything that reaches a port may be a scanner's garbage. aiohttp would write a traceback to stderr for each,
which fills the disk beside the journal and buries what matters; who asked is told, and nobody else.
"""

from __future__ import annotations

import logging

import orjson
from aiohttp import web
from aiohttp.typedefs import Handler

UNCACHED = {"Cache-Control": "no-store"}
USAGE, FAILED = 2, 1

SILENT = logging.getLogger("guardian.web.silent")
SILENT.addHandler(logging.NullHandler())
SILENT.propagate = False


def refusal(message: str, status: int, exit_code: int) -> web.Response:
    body = orjson.dumps({"error": message, "exit_code": exit_code})
    return web.Response(body=body, status=status, content_type="application/json", headers=UNCACHED)


@web.middleware
async def clean(request: web.Request, handler: Handler) -> web.StreamResponse:
    """No such path, a body too large or unreadable, or a defect of ours: each in guardian's own words."""
    try:
        return await handler(request)
    except web.HTTPException as refused:
        answer = refusal(refused.reason.lower(), refused.status, USAGE)
        if "Allow" in refused.headers:
            answer.headers["Allow"] = refused.headers["Allow"]
        return answer
    except (web.RequestPayloadError, ConnectionError):
        return refusal("the body cannot be read", 400, USAGE)
    except Exception as defect:
        return refusal(f"guardian cannot answer this ({type(defect).__name__})", 500, FAILED)
