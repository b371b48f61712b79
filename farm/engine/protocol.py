"""What a node and its engine process say to each other: JSON lines over two pipes.

Invariant: one line is one message, and everything in a message is plain JSON. The pipes carry
nothing else; what plugin code prints goes to the attempt's log, never into the protocol.

    node ─► engine   run, cancel, document, quit
    engine ─► node   ready, progress, named, document, result
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from farm.domain.errors import ErrorClass
from farm.domain.media import MediaKind
from farm.stages import Window

Message = dict[str, Any]


@dataclass(frozen=True, slots=True)
class EngineInput:
    """A local file for an input port; ``facts`` is the record of its media facts."""

    path: Path
    kind: MediaKind
    hash: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EngineRequest:
    """One attempt of one task.

    number : the attempt's number. scratch : a folder of the attempt's own (made when it is used).
    log : the attempt's log file (removed again when nothing was written to it).
    models : folders with the files of the models the task was promised, by name.
    soon : tasks that the scheduler will send soon, by the model key they need. reserved_mb : memory
    set aside for the attempt on its device. ran_out : earlier attempts that ran out of memory.
    correlation : id of the submission it all began with; log_format : ``pretty`` or ``json``.
    timeout_s, stall_s : seconds it may run in all, and without any sign of progress.
    """

    task_id: str
    number: int
    stage_id: str
    version: int
    params: Mapping[str, Any]
    inputs: Mapping[str, Sequence[EngineInput]]
    seed: int
    scratch: Path
    log: Path
    window: Window | None = None
    models: Mapping[str, Path] = field(default_factory=dict)
    soon: Mapping[str, int] = field(default_factory=dict)
    reserved_mb: int = 0
    ran_out: int = 0
    threads: int = 1
    timeout_s: float = 6 * 3600.0
    stall_s: float = 600.0
    correlation: str = ""
    log_format: str = "pretty"

    def record(self) -> dict[str, Any]:
        """As JSON. The limits stay behind: the node watches them."""
        window = self.window
        return {
            "task_id": self.task_id,
            "number": self.number,
            "stage_id": self.stage_id,
            "version": self.version,
            "params": self.params,
            "inputs": {
                port: [[str(f.path), f.kind.value, f.hash, f.facts] for f in files]
                for port, files in self.inputs.items()
            },
            "window": window and [window.index, window.count, window.start, window.stop],
            "models": {name: str(folder) for name, folder in self.models.items()},
            "soon": dict(self.soon),
            "memory": [self.reserved_mb, self.ran_out],
            "seed": self.seed,
            "threads": self.threads,
            "scratch": str(self.scratch),
            "log": str(self.log),
            "correlation": self.correlation,
            "log_format": self.log_format,
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> EngineRequest:
        """The inverse of :meth:`record`."""
        return cls(
            task_id=record["task_id"],
            number=record["number"],
            stage_id=record["stage_id"],
            version=record["version"],
            params=record["params"],
            inputs={
                port: [EngineInput(Path(p), MediaKind(k), h, facts) for p, k, h, facts in files]
                for port, files in record["inputs"].items()
            },
            window=Window(*record["window"]) if record["window"] else None,
            models={name: Path(folder) for name, folder in record["models"].items()},
            soon=record["soon"],
            reserved_mb=record["memory"][0],
            ran_out=record["memory"][1],
            seed=record["seed"],
            threads=record["threads"],
            scratch=Path(record["scratch"]),
            log=Path(record["log"]),
            correlation=record["correlation"],
            log_format=record["log_format"],
        )


@dataclass(frozen=True, slots=True)
class EngineOutput:
    """A checked file of an output port, still in scratch; ``facts`` is a media facts record."""

    path: Path
    kind: MediaKind
    facts: Mapping[str, Any]
    suffix: str


@dataclass(frozen=True, slots=True)
class DocumentPut:
    """A document the task wrote; the ledger takes it over with the task's result."""

    plugin: str
    collection: str
    key: str
    json: Any


@dataclass(frozen=True, slots=True)
class Peaks:
    """What an attempt used.

    ram_mb : largest resident memory of the engine meanwhile. vram_mb : the same on its GPU, 0
    where nothing can tell. cpu_s : processor seconds, waited-for children included.
    run_started_s : when plugin code began, in seconds since 1970; 0 if it never did.
    """

    ram_mb: int = 0
    vram_mb: int = 0
    cpu_s: float = 0.0
    wall_s: float = 0.0
    run_started_s: float = 0.0


@dataclass(frozen=True, slots=True)
class EngineOutcome:
    """How an attempt ended: ``error`` is ``None`` and ``outputs`` counts, or the other way round.

    error : a ``FarmError`` record with the operator's ``traceback`` added.
    signal : what killed the engine, if it was killed by anybody but the node.
    last_lines : the end of the attempt's log, for an error.
    resident : model key to MB of those that are whole on the engine's device now. held_mb : what all
    its models take, parked ones and single parts too.
    loads_s : seconds each model took that was loaded meanwhile; evicted : models that had to go.
    """

    outputs: Mapping[str, Sequence[EngineOutput]] = field(default_factory=dict)
    error: Mapping[str, Any] | None = None
    error_class: ErrorClass | None = None
    signal: int | None = None
    last_lines: Sequence[str] = ()
    peaks: Peaks = Peaks()
    documents: Sequence[DocumentPut] = ()
    resident: Mapping[str, int] = field(default_factory=dict)
    held_mb: int = 0
    loads_s: Sequence[float] = ()
    evicted: int = 0

    @property
    def ok(self) -> bool:
        """Whether the attempt succeeded."""
        return self.error is None


def send(fd: int, *messages: Message) -> None:
    """Write messages, each as one line, in as few writes as the pipe allows.

    Raises
    ------
    BrokenPipeError : nobody is at the other end any more.
    """
    data = memoryview(b"".join(_encode(message) + b"\n" for message in messages))
    while data:
        data = data[os.write(fd, data) :]


_decode_text = json.JSONDecoder().decode
_encode_text = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


def _encode(message: Message) -> bytes:
    # ASCII on the wire (lone surrogates of undecodable file names survive it).
    return _encode_text(message).encode("ascii")


class Lines:
    """Messages out of a byte stream that arrives in pieces."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Message]:
        """The messages that ``data`` completes, in order."""
        lines = (self._rest + data).split(b"\n")
        self._rest = lines.pop()
        return [_decode_text(line.decode("ascii")) for line in lines]
