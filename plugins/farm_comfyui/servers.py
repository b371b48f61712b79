"""The servers an operator configured: addresses, logins, certificates, capacity.

Invariant: a table is taken whole or refused with the setting's name; a secret is read from its file or
environment variable when it is used, and stands in no message and no ``repr``.

    [[plugins.farm_comfyui.servers]]
    name = "gpu-1"
    url = "https://comfy.example/one"
    headers = { Authorization = { file = "/etc/farm/comfy.token", prefix = "Bearer " } }
    tls = { ca = "/etc/farm/ca.pem", verify = true }
    tags = ["24gb"]
    capacity = 2
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from farm.domain.errors import ConfigError

_WHERE = "plugins.farm_comfyui"


class _Secret(BaseModel):
    """A value kept elsewhere: ``{file = …}`` or ``{env = …}``, with an optional prefix."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    file: str = ""
    env: str = ""
    prefix: str = ""

    @field_validator("env")
    @classmethod
    def _one(cls, env: str, info: Any) -> str:
        if bool(env) == bool(info.data.get("file")):
            raise ValueError("give either file or env")
        return env


class _Tls(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    ca: str = ""
    verify: bool = True


class _Server(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")
    url: str
    headers: dict[str, str | _Secret] = {}
    tls: _Tls = _Tls()
    tags: list[str] = []
    capacity: int = Field(1, ge=1, le=64)

    @field_validator("url")
    @classmethod
    def _address(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("give a whole address such as https://comfy.example:8188")
        if parts.query or parts.fragment:
            raise ValueError("give the address without a query")
        if parts.username or parts.password:
            raise ValueError("give the login as a header from a file, not in the address")
        return url.rstrip("/")


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    servers: list[_Server] = []
    timeout_s: float = Field(30.0, gt=0, le=600)
    stall_s: float = Field(900.0, gt=0)
    unseen_s: float = Field(3600.0, gt=0)
    limit_s: float = Field(6 * 3600.0, gt=0)
    lost_s: float = Field(20.0, gt=0)
    forgotten_s: float = Field(2.0, gt=0)
    wait_s: float = Field(24 * 3600.0, gt=0)
    sick_s: float = Field(120.0, ge=0)
    moves: int = Field(4, ge=0, le=20)


@dataclass(frozen=True, slots=True)
class Secret:
    """Where a value lies, never the value."""

    file: str = ""
    env: str = ""
    prefix: str = ""

    def read(self, where: str) -> str:
        """The value. Raises ConfigError when it is not there."""
        if self.env:
            value = os.environ.get(self.env, "")
        else:
            try:
                value = Path(self.file).read_text("utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigError(
                    "the file of a secret cannot be read",
                    where=where,
                    got=f"{self.file}: {type(error).__name__}",
                    mend="Write the secret into that file, readable for the farm only.",
                    code="comfy.secret",
                ) from error
        if not value:
            raise ConfigError(
                "a secret is empty",
                where=where,
                got=f"environment variable {self.env}" if self.env else self.file,
                mend="Set it, or take the header out.",
                code="comfy.secret",
            )
        return self.prefix + value


@dataclass(frozen=True, slots=True)
class Server:
    """One server. url : without a slash at its end. capacity : prompts that it may hold at once."""

    name: str
    url: str
    headers: Mapping[str, str | Secret] = field(default_factory=dict, repr=False)
    ca: str = ""
    verify: bool = True
    tags: frozenset[str] = frozenset()
    capacity: int = 1

    def sent_headers(self) -> dict[str, str]:
        """The headers of every request, secrets read now."""
        return {
            name: value
            if isinstance(value, str)
            else value.read(f"{_WHERE}.servers.{self.name}.headers.{name}")
            for name, value in self.headers.items()
        }

    def ssl_context(self) -> ssl.SSLContext | None:
        """How to check the server's certificate; ``None`` for plain HTTP."""
        if not self.url.startswith("https:"):
            return None
        try:
            context = ssl.create_default_context(cafile=self.ca or None)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(
                "the file of trusted certificates cannot be used",
                where=f"{_WHERE}.servers.{self.name}.tls.ca",
                got=f"{self.ca}: {error}",
                mend="Give a PEM file with the certificate authority's certificate.",
                code="comfy.tls",
            ) from error
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait for what, in seconds.

    timeout_s : one answer. stall_s : a run without any sign of progress. unseen_s : the same while
    the server's messages cannot be heard, or others' runs come first. limit_s : a run from its start.
    lost_s : a server that does not answer. forgotten_s : a server that does not know the run.
    wait_s : a server with room. sick_s : how long a server that failed a run is left alone.
    """

    timeout_s: float = 30.0
    stall_s: float = 900.0
    unseen_s: float = 3600.0
    limit_s: float = 6 * 3600.0
    lost_s: float = 20.0
    forgotten_s: float = 2.0
    wait_s: float = 24 * 3600.0
    sick_s: float = 120.0


@dataclass(frozen=True, slots=True)
class Settings:
    """The whole table. moves : how often a run may go to another server."""

    servers: tuple[Server, ...] = ()
    patience: Patience = Patience()
    moves: int = 4


def read_settings(table: Mapping[str, Any]) -> Settings:
    """Check ``[plugins.farm_comfyui]``. Raises ConfigError naming what is wrong."""
    try:
        checked = _Table.model_validate(dict(table))
    except ValidationError as error:
        # Of a header's two forms the table is the one with something to say.
        told = error.errors()
        first = told[-1] if "headers" in told[0]["loc"] else told[0]
        shown = "" if "headers" in first["loc"] else repr(first.get("input"))[:200]
        path = ".".join(str(part) for part in first["loc"])
        raise ConfigError(
            f"a setting is wrong: {first['msg']}",
            where=f"{_WHERE}.{path}" if path else _WHERE,
            got="" if "@" in shown else shown,
            mend="docs/animatrix.md lists every setting.",
            code="comfy.settings",
        ) from None
    for what in ("name", "url"):
        seen: set[str] = set()
        for server in checked.servers:
            value = getattr(server, what)
            if value in seen:
                raise ConfigError(
                    f"two servers have one {what}",
                    where=f"{_WHERE}.servers",
                    got=value,
                    mend="Write each server once, with a name of its own.",
                    code="comfy.settings",
                )
            seen.add(value)
    servers = tuple(
        Server(
            name=one.name,
            url=one.url,
            headers={
                name: value if isinstance(value, str) else Secret(**value.model_dump())
                for name, value in one.headers.items()
            },
            ca=one.tls.ca,
            verify=one.tls.verify,
            tags=frozenset(one.tags),
            capacity=one.capacity,
        )
        for one in checked.servers
    )
    patience = Patience(**{name: getattr(checked, name) for name in Patience.__slots__})
    return Settings(servers, patience, checked.moves)
