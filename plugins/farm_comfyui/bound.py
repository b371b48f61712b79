"""What passes between a workflow template and the client: a graph that is ready but for its files.

Invariant: a bound graph is a value. Everything that differs between two submissions of the same work
(the names under which a server keeps uploads, the output prefix) is a slot that is filled in a copy,
so that the same request always binds to the same bytes and one graph can run on any server.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

Graph = dict[str, dict[str, Any]]

PREVIEWS_SOUND = "PreviewAudio"
"""The node whose result counts though the server chooses its file's name."""


@dataclass(frozen=True, slots=True)
class UploadSlot:
    """Input ``input`` of node ``node`` takes the name under which the server keeps ``asset``."""

    asset: str
    node: str
    input: str


@dataclass(frozen=True, slots=True)
class OutputNode:
    """A saving node whose files are wanted.

    role : ``video`` (the film, at most one in a graph), ``pose``, ``mask``, ``picture`` … media :
    ``video``, ``image`` or ``audio``. frames : how many its file must have, ``None`` when unknown.
    """

    node: str
    role: str
    media: str
    frames: int | None = None
    prefix: str = "filename_prefix"


@dataclass(frozen=True, slots=True)
class ModelNeed:
    """A model file that an input of a loader node must offer.

    node_class, input : ``UNETLoader``, ``unet_name``. folder : below the server's ``models/``.
    """

    node_class: str
    input: str
    folder: str
    name: str


@dataclass(frozen=True, slots=True)
class Needs:
    """What a server must have. packs : node class to the custom pack it comes in (the rest are core
    nodes). min_version : the lowest ComfyUI version, ``""`` for any."""

    nodes: tuple[str, ...] = ()
    models: tuple[ModelNeed, ...] = ()
    packs: Mapping[str, str] = field(default_factory=dict)
    min_version: str = ""


@dataclass(frozen=True, slots=True)
class Preparation:
    """What to do with an asset before it is uploaded. ``None`` and ``keep`` leave a thing as it is.

    A picture or video is scaled to ``width`` x ``height`` by ``fit`` (``cover`` crops the centre,
    ``contain`` pads with black, ``stretch`` distorts). A video is resampled to ``fps`` by nearest time
    and then brought to exactly ``frames``: cut, or its last frame repeated. A sound is resampled and
    brought to exactly ``duration_s``: cut, or followed by silence.
    """

    asset: str
    kind: str
    suffix: str
    width: int | None = None
    height: int | None = None
    fit: str = "keep"
    fps: int | None = None
    frames: int | None = None
    sample_rate: int | None = None
    channels: int | None = None
    duration_s: float | None = None


@dataclass(frozen=True, slots=True)
class Finishing:
    """What to do with the server's video once it is here.

    Frames ``drop_first`` to ``drop_first + keep_frames`` are kept and brought from ``fps_in`` to
    ``fps_out`` as exactly ``frames_out`` frames. ends : both the first and the last kept frame must
    stay exactly where they are, so time is stretched between them rather than sampled. sound : the
    asset whose own sound lies below the video for ``duration_s``, ``None`` for silence.
    """

    drop_first: int
    keep_frames: int
    fps_in: int
    fps_out: Fraction
    frames_out: int
    duration_s: float
    ends: bool = False
    sound: str | None = None


@dataclass(frozen=True, slots=True)
class Expected:
    """What the server's own video file must be, before it is finished."""

    frames: int
    fps: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class BoundGraph:
    """A graph in API format with its slots.

    version_id : ``animate-move@1.0.0+3f9c2a71b0de``: name, version and the start of the content hash.
    weights : share of the run's time by node, summing to 1. record : what to keep in the job's debug
    metadata; JSON.
    """

    template: str
    version: str
    version_id: str
    graph: Graph
    slots: tuple[UploadSlot, ...]
    outputs: tuple[OutputNode, ...]
    needs: Needs
    weights: Mapping[str, float]
    expected: Expected
    before: tuple[Preparation, ...]
    after: Finishing
    record: Mapping[str, Any]

    @property
    def assets(self) -> tuple[str, ...]:
        """The names of the files to upload, each once, in the order of the graph."""
        return tuple(dict.fromkeys(slot.asset for slot in self.slots))

    @property
    def digest(self) -> str:
        """SHA-256 of the graph in canonical form, slots unfilled."""
        text = json.dumps(self.graph, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def prompt(self, uploads: Mapping[str, str], prefix: str) -> Graph:
        """A copy with every slot filled: asset to ``subfolder/name`` on the server; a saving node
        writes to ``PREFIX_ROLE``, so ``prefix`` must be unique to one submission."""
        graph = copy.deepcopy(self.graph)
        for slot in self.slots:
            graph[slot.node]["inputs"][slot.input] = uploads[slot.asset]
        for output in self.outputs:
            if graph[output.node]["class_type"] != PREVIEWS_SOUND:
                graph[output.node]["inputs"][output.prefix] = f"{prefix}_{output.role}"
        return graph


@dataclass(frozen=True, slots=True)
class Asset:
    """A file to upload. sha256 : of its content, hexadecimal; ``""`` to have it computed."""

    path: Path
    sha256: str = ""
