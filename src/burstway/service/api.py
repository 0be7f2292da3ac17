"""The API as one application, for both doors: HTTPS for nodes and people, a UNIX socket for the head node.

Errors are answered as JSON {"code", "what", "where", "remedy"}; a body that is too large, or not
what the path takes, is refused before anything is done.
"""

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from burstway import __version__
from burstway.errors import BurstwayError
from burstway.service.api_agent import agent_routes
from burstway.service.api_clusters import cluster_routes
from burstway.service.api_network import network_routes
from burstway.service.api_nodes import node_routes
from burstway.service.api_people import people_routes
from burstway.service.api_slurm import slurm_routes
from burstway.service.api_templates import template_routes
from burstway.service.api_view import view_routes
from burstway.service.parts import Parts

MOST_BODY_BYTES = 16 * 2**20
"""A resume file of 65,536 one-node jobs has about 10 MB; nothing else comes near it."""

MOST_AGENT_BODY_BYTES = 64 * 1024
MOST_SHOWN_CHARACTERS = 200

_log = structlog.get_logger("api")


def make_api(parts: Parts) -> ASGIApp:
    app = FastAPI(title="Burstway", version=__version__, docs_url=None, redoc_url=None)
    app.include_router(agent_routes(parts), prefix="/v1/agent")
    app.include_router(slurm_routes(parts), prefix="/v1/slurm")
    app.include_router(cluster_routes(parts), prefix="/v1/clusters")
    app.include_router(template_routes(parts), prefix="/v1/templates")
    app.include_router(node_routes(parts), prefix="/v1")
    app.include_router(view_routes(parts), prefix="/v1")
    app.include_router(network_routes(parts), prefix="/v1/network")
    app.include_router(people_routes(parts), prefix="/v1/people")
    app.add_exception_handler(BurstwayError, _explain)
    app.add_exception_handler(RequestValidationError, _explain_body)
    app.add_exception_handler(HTTPException, _explain_http)
    app.add_exception_handler(Exception, _explain_defect)
    return BoundedBody(app)


def _explain(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, BurstwayError)
    # slurmctld starts its programs without a standard error: what they are refused is known only here
    if error.status >= 500 or request.url.path.startswith("/v1/slurm/"):
        _log.error("a request failed", error=str(error))
    return JSONResponse(_problem(error), error.status)


def _explain_body(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    what = "; ".join(
        f"{'.'.join(str(part) for part in each['loc'])}: {each['msg']}" for each in error.errors()[:5]
    )
    return _refusal(422, "input", f"the request is malformed: {what}")


def _explain_http(request: Request, error: Exception) -> JSONResponse:
    """What the framework refuses: no such path or method, a body that is not JSON."""
    assert isinstance(error, HTTPException)
    code = "unknown" if error.status_code == 404 else "input"
    path = request.url.path[:MOST_SHOWN_CHARACTERS]
    return _refusal(error.status_code, code, f"{request.method} {path}: {error.detail}")


def _explain_defect(_: Request, __: Exception) -> JSONResponse:
    """uvicorn writes the traceback into the log."""
    return _refusal(
        500, "defect", "the request failed by a defect of Burstway", "see the control plane's log"
    )


def _problem(error: BurstwayError) -> dict[str, str]:
    return {"code": error.code, "what": error.what, "where": error.where, "remedy": error.remedy}


def _refusal(status: int, code: str, what: str, remedy: str = "") -> JSONResponse:
    return JSONResponse({"code": code, "what": what, "where": "", "remedy": remedy}, status)


class BoundedBody:
    """Refuses a request whose body is larger than its path takes, by its announced or its real length."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = MOST_AGENT_BODY_BYTES if scope["path"].startswith("/v1/agent/") else MOST_BODY_BYTES
        if _announced(scope) > most:
            await _too_large(most)(scope, receive, send)
            return
        body = await _read(receive, most)
        if body is None:
            await _too_large(most)(scope, receive, send)
            return
        await self._app(scope, _replayed(body, receive), send)


def _announced(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return 0


async def _read(receive: Receive, most: int) -> bytes | None:
    pieces, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        piece = message.get("body", b"")
        size += len(piece)
        if size > most:
            return None
        pieces.append(piece)
        more = message.get("more_body", False)
    return b"".join(pieces)


def _replayed(body: bytes, receive: Receive) -> Receive:
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return waiting.pop() if waiting else await receive()

    return again


def _too_large(most: int) -> JSONResponse:
    refusal = _refusal(413, "input", f"the request is larger than {most:,} bytes")
    refusal.headers["Connection"] = "close"
    return refusal
