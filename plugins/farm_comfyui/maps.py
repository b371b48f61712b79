"""The node map of a workflow: which input of which node takes the prompt, the size, a model, a file.

Invariant: nothing about a graph is guessed when it is bound; what a map does not name stays as the
graph has it, and a key that a map may not have is refused with the nearest one that it may.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from farm import ConfigError
from farm_comfyui.bound import Graph

SCHEMA = "farm.comfy-map/1"

Place = tuple[str, str]
"""A node and one of its inputs. ``+3`` is node 3 of an extension, once for every further chunk."""

Output = tuple[str, int]
"""A node and the number of one of its outputs."""

Size = tuple[Annotated[int, Field(gt=0)], Annotated[int, Field(gt=0)]]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AssetMap(_Part):
    """A file to upload. fit : how a picture or video meets the asked size, ``keep`` to leave it.

    nodes : what is left out of the graph when an asset that is not required is not given.
    """

    kind: Literal["image", "video", "audio"]
    places: tuple[Place, ...]
    required: bool = True
    fit: Literal["cover", "contain", "stretch", "keep"] = "cover"
    nodes: tuple[str, ...] = ()
    sample_rate: int = 16000
    channels: int = 1


class ModelMap(_Part):
    """A model file. files : by precision; ``any`` for a model that has one form only."""

    place: Place
    folder: str
    files: Mapping[Literal["any", "fp8", "bf16"], str]


class SwitchMap(_Part):
    """Nodes that a choice puts in or leaves out. nodes : id and the input that is passed through
    when it is out. drop : what goes with it."""

    nodes: tuple[Place, ...] = ()
    drop: tuple[str, ...] = ()


class OutputMap(_Part):
    """A saving node whose files are wanted."""

    node: str
    media: Literal["video", "image", "audio"]


class LengthMap(_Part):
    """How long a run is. All lengths are 4k+1 frames at ``fps``.

    rule : ``chunks`` chains chunks that overlap; ``sound`` chains chunks of whole seconds after a
    sound; ``single`` makes one chunk; ``ends`` makes one chunk of which no frame may be cut; ``given``
    makes as many frames as the asset has. asset : the file that bounds the length.
    """

    rule: Literal["chunks", "sound", "single", "ends", "given"]
    fps: int = 16
    frames: int = 77
    shortest: int = 17
    overlap: int = 5
    asset: str = ""


class Carry(_Part):
    """What one chunk hands to the next: where it is after the first, and after every further one."""

    first: Output
    next: Output


class Final(_Part):
    """An input after all chunks and the carried thing that it takes from the last one."""

    place: Place
    carry: str


class ExtensionMap(_Part):
    """The nodes that make a further chunk, in a file of their own; ``<NAME`` links to a carry."""

    file: str
    carries: Mapping[str, Carry]
    final: tuple[Final, ...]


class ProfileMap(_Part):
    """A quality. values : by the names of ``inputs``. precision : model forms in order of choice."""

    sizes: Mapping[str, Size]
    values: Mapping[str, int | float | str] = {}
    switches: tuple[str, ...] = ()
    precision: tuple[Literal["fp8", "bf16"], ...] = ("fp8",)
    max_s: float = 60.0


class FramingMap(_Part):
    """What a framing adds to the words."""

    prompt: str = ""
    negative: str = ""


class WorkflowMap(_Part):
    """A whole ``map.toml``."""

    schema_: Literal["farm.comfy-map/1"] = Field(alias="schema")
    mode: str
    title: str
    summary: str = ""
    min_version: str = ""
    prompt_required: bool = True
    negative: str = ""
    confirm: bool = False
    inputs: Mapping[str, tuple[Place, ...]]
    assets: Mapping[str, AssetMap] = {}
    models: Mapping[str, ModelMap] = {}
    switches: Mapping[str, SwitchMap] = {}
    outputs: Mapping[str, OutputMap]
    length: LengthMap
    extension: ExtensionMap | None = None
    profiles: Mapping[Literal["draft", "standard", "high"], ProfileMap]
    framing: Mapping[str, FramingMap] = {}
    adherence: Mapping[str, Annotated[float, Field(gt=0)]] = {}
    packs: Mapping[str, str] = {}
    sound: str = ""


class Extension:
    """An extension with its nodes read."""

    __slots__ = ("carries", "final", "nodes")

    def __init__(self, said: ExtensionMap, nodes: Graph) -> None:
        self.nodes = nodes
        self.carries: dict[str, tuple[list[Any], list[Any]]] = {
            name: (list(carry.first), list(carry.next)) for name, carry in said.carries.items()
        }
        self.final: dict[Place, str] = {final.place: final.carry for final in said.final}


def read_map(text: str, where: str) -> WorkflowMap:
    """Parse a ``map.toml``.

    Raises
    ------
    ConfigError : with every field that is wrong.
    """
    try:
        return WorkflowMap.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            "a node map is no TOML", where=where, got=str(error), code="comfy.map"
        ) from error
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
            for problem in error.errors()[:6]
        )
        raise ConfigError(
            "a node map has fields that are wrong", where=where, got=wrong, code="comfy.map"
        ) from error
