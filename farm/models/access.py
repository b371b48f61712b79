"""What fetching may use: the settings of the farm that concern it.

Invariant: nothing else about the farm is known to a source, and the token is in no message.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from farm.config import Settings


@dataclass(frozen=True, slots=True)
class Access:
    """offline : only sources on this machine. pip_options : added to ``pip download``.

    bucket_options : for the S3 client. plugin_folder : where loose plugins, whose code may convert,
    lie. timeout_s : silence of a server after which the connection is given up. wait_s : before the
    second try without a new byte; longer before each further one.
    """

    offline: bool = False
    hub_url: str = "https://huggingface.co"
    hub_token: str = field(default="", repr=False)
    pip_options: Sequence[str] = ()
    bucket_options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    plugin_folder: Path = Path("spool/plugins")
    timeout_s: float = 60.0
    wait_s: float = 1.0


def access_of(settings: Settings) -> Access:
    """As the operator set it."""
    return Access(
        offline=settings.models_offline,
        hub_url=settings.models_hub_url.rstrip("/"),
        hub_token=settings.models_hub_token.get_secret_value(),
        pip_options=tuple(settings.models_pip_options),
        bucket_options=settings.store_options,
        plugin_folder=settings.under_root(settings.plugin_folder),
    )
