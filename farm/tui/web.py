"""The console in a browser, through ``textual-serve``.

Invariant: no page of another site can steer the farm through a visitor's browser. Whoever reaches the
address can steer it: there is no log-in here, so it listens on this machine only unless told
otherwise.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from farm.domain.errors import MissingExtra


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach an address or name to listen on."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def allowed(listens_on: str, host: str, origin: str | None) -> bool:
    """Whether a request may be answered.

    host : its ``Host`` header; a name that another site made point here is refused where only this
    machine should call. origin : of the page that asks; another site's is refused.
    """
    name = urlsplit(f"//{host}").hostname or ""
    if is_loopback(listens_on) and not is_loopback(name):
        return False
    return origin is None or urlsplit(origin).netloc == host


def serve(command: str, *, host: str, port: int, title: str) -> None:
    """Serve until Ctrl-C; each visitor gets a console of their own, started by ``command``.

    Raises
    ------
    MissingExtra : the extra ``web`` is not installed.
    """
    try:
        from aiohttp import web
        from textual_serve.server import Server
    except ModuleNotFoundError as error:
        raise MissingExtra(
            "the console's web server is not installed",
            where="farm tui --web",
            mend="Run: pip install 'farm[web]'",
        ) from error

    @web.middleware
    async def guard(request: web.Request, handler: Any) -> web.StreamResponse:
        if not allowed(host, request.host, request.headers.get("Origin")):
            raise web.HTTPForbidden(text="This console does not answer pages of other sites.")
        # The page names its own parts by the address it was reached at.
        server.public_url = f"{request.scheme}://{request.host}"
        response: web.StreamResponse = await handler(request)
        return response

    class ConsoleServer(Server):  # type: ignore[misc, unused-ignore]
        async def _make_app(self) -> web.Application:
            made: web.Application = await super()._make_app()
            made.middlewares.append(guard)
            return made

        async def on_startup(self, app: web.Application) -> None:
            """The command has said where it is."""

    server = ConsoleServer(command, host=host, port=port, title=title)
    server.serve()
