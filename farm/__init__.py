"""The farm: a batch render farm for generative video.

The public names for plugins; everything else in this package is internal.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_PUBLIC = {
    "Artifact": "farm.domain.media",
    "AssetError": "farm.domain.errors",
    "BrokenOutput": "farm.domain.errors",
    "Command": "farm.commands",
    "CommandContext": "farm.commands",
    "ConfigError": "farm.domain.errors",
    "Documents": "farm.stages",
    "ErrorClass": "farm.domain.errors",
    "FarmError": "farm.domain.errors",
    "InputError": "farm.domain.errors",
    "InputFile": "farm.stages",
    "LicenceError": "farm.domain.errors",
    "MediaFacts": "farm.domain.media",
    "MediaKind": "farm.domain.media",
    "MissingExtra": "farm.domain.errors",
    "ModelFacts": "farm.stages",
    "ParameterError": "farm.domain.errors",
    "Port": "farm.stages",
    "ResourceError": "farm.domain.errors",
    "Resources": "farm.stages",
    "Result": "farm.stages",
    "Service": "farm.stages",
    "Stage": "farm.stages",
    "StageParams": "farm.stages",
    "Task": "farm.stages",
    "TaskCancelled": "farm.domain.errors",
    "TransientError": "farm.domain.errors",
    "Window": "farm.stages",
    "Windowing": "farm.stages",
    "hookimpl": "farm.hookspecs",
    "window_seed": "farm.domain.ids",
}

if TYPE_CHECKING:
    from farm.commands import Command as Command, CommandContext as CommandContext
    from farm.domain.errors import (
        AssetError as AssetError,
        BrokenOutput as BrokenOutput,
        ConfigError as ConfigError,
        ErrorClass as ErrorClass,
        FarmError as FarmError,
        InputError as InputError,
        LicenceError as LicenceError,
        MissingExtra as MissingExtra,
        ParameterError as ParameterError,
        ResourceError as ResourceError,
        TaskCancelled as TaskCancelled,
        TransientError as TransientError,
    )
    from farm.domain.ids import window_seed as window_seed
    from farm.domain.media import (
        Artifact as Artifact,
        MediaFacts as MediaFacts,
        MediaKind as MediaKind,
    )
    from farm.hookspecs import hookimpl as hookimpl
    from farm.stages import (
        Documents as Documents,
        InputFile as InputFile,
        ModelFacts as ModelFacts,
        Port as Port,
        Resources as Resources,
        Result as Result,
        Service as Service,
        Stage as Stage,
        StageParams as StageParams,
        Task as Task,
        Window as Window,
        Windowing as Windowing,
    )

__all__ = sorted([*_PUBLIC, "__version__"])


def __getattr__(name: str) -> Any:
    # Lazy, so that ``farm --help`` does not pay for pydantic and pluggy.
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module 'farm' has no attribute {name!r}")
