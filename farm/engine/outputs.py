"""What a stage returned, checked before anybody else sees it.

Invariant: an output that leaves the engine was handed out by ``task.output``, is a non-empty regular
file, and is of the kind its port promises.
"""

from __future__ import annotations

import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from farm.domain.errors import PluginError, nearest
from farm.domain.media import MediaFacts, MediaKind
from farm.engine.protocol import EngineOutput
from farm.stages import Port, Stage

_MEDIA = frozenset({MediaKind.IMAGE, MediaKind.VIDEO, MediaKind.AUDIO})


def checked_outputs(
    stage: Stage, result: Any, handed_out: Mapping[str, Sequence[Path]]
) -> dict[str, list[EngineOutput]]:
    """The files of ``result`` (what ``run`` returned), by port, with their facts.

    handed_out : the paths that ``task.output`` gave, by port.

    Raises
    ------
    PluginError : the result breaks the contract; names stage, port and file.
    """
    if result is None:
        result = {}
    if not isinstance(result, Mapping):
        raise _broken(stage, "run returned no mapping of ports to files", got=type(result).__name__)
    for port in result:
        if port not in stage.outputs:
            raise _broken(
                stage,
                f'run returned "{port}", which is no output port',
                mend=nearest(port, stage.outputs),
            )
    return {
        name: [
            _checked(stage, name, port, path, handed_out)
            for path in _files(stage, name, port, result[name])
        ]
        for name, port in stage.outputs.items()
        if _present(stage, name, port, result)
    }


def _present(stage: Stage, name: str, port: Port, result: Mapping[str, Any]) -> bool:
    given = result.get(name)
    if given is not None and (isinstance(given, Path) or len(given)):
        return True
    if port.required:
        raise _broken(
            stage,
            f'run returned nothing for output port "{name}"',
            expected=f"a {port.kind.value} file",
            got=f"ports {', '.join(result) or 'none'}",
        )
    return False


def _files(stage: Stage, name: str, port: Port, given: Any) -> Sequence[Path]:
    files = [given] if isinstance(given, Path) else list(given)
    if len(files) != 1 and not port.many:
        raise _broken(
            stage,
            f'output port "{name}" holds one file',
            got=str(len(files)),
            mend="Declare it with many=True.",
        )
    return files


def _checked(
    stage: Stage, name: str, port: Port, path: Path, handed_out: Mapping[str, Sequence[Path]]
) -> EngineOutput:
    if path not in handed_out.get(name, ()):
        raise _broken(
            stage,
            f'output port "{name}" was given a path of its own choice',
            got=str(path),
            mend=f'Write to the path that task.output("{name}", suffix) returns.',
        )
    try:
        found = path.lstat()
    except FileNotFoundError:
        raise _broken(stage, f'output port "{name}" was never written', got=str(path)) from None
    if not stat.S_ISREG(found.st_mode) or not found.st_size:
        got = "an empty file" if stat.S_ISREG(found.st_mode) else "no regular file"
        raise _broken(stage, f'output port "{name}" was not written', got=f"{got} at {path}")
    kind, facts = _probed(stage, name, path)
    if kind is MediaKind.ANY and port.kind not in _MEDIA:
        kind = port.kind  # an ending nobody knows: the stage's word stands
    if not port.kind.accepts(kind):
        raise _broken(
            stage,
            f'output port "{name}" got the wrong kind of file',
            expected=port.kind.value,
            got=f"{kind.value} ({path.name})",
        )
    return EngineOutput(path, kind, facts.record(), path.suffix)


def _probed(stage: Stage, name: str, path: Path) -> tuple[MediaKind, MediaFacts]:
    # Late: an engine pays for probing when a stage first has an output.
    from farm.artifacts.probe import probe_output

    try:
        return probe_output(path)
    except Exception as error:
        raise _broken(
            stage, f'output port "{name}" cannot be read', got=f"{path.name}: {error}"
        ) from error


def _broken(
    stage: Stage, what: str, *, expected: str = "", got: str = "", mend: str = ""
) -> PluginError:
    return PluginError(
        what,
        where=stage.id,
        expected=expected,
        got=got,
        mend=mend or "This is a fault of the plugin.",
        code="stage.output",
    )
