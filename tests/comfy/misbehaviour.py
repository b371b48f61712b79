"""Answers that no healthy server gives: switched-on faults, put before the routes.

Invariant: without a fault a request passes untouched, and the control routes always do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from .server import StandIn

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
TROUBLE = "500 Internal Server Error\n\nServer got itself in trouble"


def misbehave(server: StandIn) -> Callable[[web.Request, Handler], Awaitable[web.StreamResponse]]:
    """The middleware."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        path = request.path.removeprefix("/api") if request.path != "/api" else "/"
        if request.path.startswith("/_stand_in"):
            return await handler(request)
        route = request.match_info.route.resource
        key = f"{request.method} {route.canonical if route else request.path}"
        server.requests[key] = server.requests.get(key, 0) + 1
        wrong = await _wrong(server, request, path)
        if wrong is not None:
            return wrong
        try:
            return await handler(request)
        except web.HTTPException:
            raise
        except Exception:
            return web.Response(status=500, text=TROUBLE)

    return middleware


async def _wrong(server: StandIn, request: web.Request, path: str) -> web.StreamResponse | None:
    faults = server.faults
    for name, value in server.headers.items():
        if request.headers.get(name) != value:
            return web.Response(status=401, text="401: Unauthorized")
    if faults.on("unauthorised"):
        return web.Response(status=401, text="401: Unauthorized")
    if faults.on("text-500"):
        return web.Response(status=500, text=TROUBLE)
    if faults.on("html"):
        return web.Response(
            text="<html><body>Please log in</body></html>", content_type="text/html"
        )
    fault = faults.peek("status")
    if fault and path.startswith(fault.get("route", "/")):
        faults.on("status")
        return web.Response(status=int(fault["status"]), text=fault.get("text", ""))
    fault = faults.peek("reset")
    if fault and path.startswith(fault.get("route", "/")):
        faults.on("reset")
        if request.transport is not None:
            request.transport.abort()
        return web.Response()
    if path == "/ws" and faults.on("refuse-socket"):
        return web.Response(status=503)
    slow = faults.on("slow")
    if slow:
        await asyncio.sleep(float(slow["seconds"]))
    fault = faults.peek("slow-loris")
    if fault and path.startswith(fault.get("route", "/")):
        return await _trickle(request, float(fault["seconds"]))
    return None


async def _trickle(request: web.Request, seconds: float) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    response.content_length = 100_000
    await response.prepare(request)
    for _ in range(100_000):
        await response.write(b" ")
        await asyncio.sleep(seconds)
    return response
