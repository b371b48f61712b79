"""What can go wrong on a ComfyUI server, each with a plain sentence and the exact cause.

Invariant: ``what`` can be read by whoever asked for the video and names no machinery; ``cause`` keeps
what the server said word for word for operators; the class decides what the farm does next.

    FarmError
    ├── TransientError
    │   └── ServerFailure
    │       ├── ServerLost        it does not answer, or it forgot the run (comfy.server-lost)
    │       ├── ServerSilent      it answers, but the run gets nowhere (comfy.no-progress)
    │       ├── BadAnswer         what came back is no answer of ComfyUI (comfy.answer)
    │       ├── UploadFailed      (comfy.upload)
    │       ├── QueueFailed       it did not take the prompt (comfy.queue)
    │       ├── Interrupted       somebody else stopped the run (comfy.interrupted)
    │       ├── CollectFailed     the result did not arrive whole (comfy.collect)
    │       ├── Saturated         no server became free (comfy.saturated)
    │       └── Lacking           no server has the nodes and models (comfy.lacking)
    ├── LicenceError
    │   └── LoginRefused          401 or 403 (comfy.login)
    ├── ResourceError
    │   ├── OutOfMemory           (comfy.memory)
    │   └── DiskFull              (comfy.disk-full)
    ├── TaskTimeout
    │   └── RunTimeout            longer than the limit (comfy.timeout)
    ├── InputError
    │   ├── NoServerCan           the same for a workflow asked for by its name (comfy.lacking)
    │   ├── TooLargeToUpload      (comfy.upload-size)
    │   └── UnreadableAsset       the server cannot open a file (comfy.invalid-format)
    ├── BindingFailed             the server refuses the graph (comfy.binding)
    └── NodeFailed                a node raised (comfy.node)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from farm.domain.errors import (
    FarmError,
    InputError,
    LicenceError,
    ResourceError,
    TaskTimeout,
    TransientError,
)

_LONGEST = 4000
"""Characters of a server's text that are kept."""


class ComfyFailure(FarmError):
    """Any of them. cause : JSON for operators (server, prompt id, route, status, reply, traceback)."""

    default_code = "comfy.failure"

    def __init__(
        self, what: str, *, cause: Mapping[str, Any] | None = None, **details: str
    ) -> None:
        self.cause: dict[str, Any] = dict(cause or {})
        details["code"] = details.get("code") or self.default_code
        super().__init__(what, **details)

    def record(self) -> dict[str, Any]:
        """As every error's, with the cause."""
        return {**super().record(), "cause": self.cause}

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        fields = (self.what, self.where, self.expected, self.got, self.mend, self.code)
        return _rebuild, (type(self), self.cause, *fields)


def _rebuild(kind: type[ComfyFailure], cause: dict[str, Any], *fields: str) -> ComfyFailure:
    what, where, expected, got, mend, code = fields
    return kind(what, cause=cause, where=where, expected=expected, got=got, mend=mend, code=code)


class ServerFailure(ComfyFailure, TransientError):
    """Raised when another try, or another server, may well succeed."""


class ServerLost(ServerFailure):
    """Raised when a server does not answer, or does not know a run that it had taken."""

    default_code = "comfy.server-lost"


class ServerSilent(ServerFailure):
    """Raised when a server answers but the run makes no progress for too long."""

    default_code = "comfy.no-progress"


class BadAnswer(ServerFailure):
    """Raised when an answer is none of ComfyUI's: an error page, a redirect, half a document."""

    default_code = "comfy.answer"


class UploadFailed(ServerFailure):
    """Raised when a file could not be brought to the server."""

    default_code = "comfy.upload"


class QueueFailed(ServerFailure):
    """Raised when the server did not take the prompt into its queue."""

    default_code = "comfy.queue"


class Interrupted(ServerFailure):
    """Raised when somebody else stopped the run on the server."""

    default_code = "comfy.interrupted"


class CollectFailed(ServerFailure):
    """Raised when a result is missing, cut short or not what it should be."""

    default_code = "comfy.collect"


class Saturated(ServerFailure):
    """Raised when no server that could do it had room for too long."""

    default_code = "comfy.saturated"


class Lacking(ServerFailure):
    """Raised when no server that answers has every node and model the workflow needs."""

    default_code = "comfy.lacking"


class NoServerCan(ComfyFailure, InputError):
    """Raised when a workflow that was asked for by its name needs what no server has.

    Not worth another try by itself: the stage that runs it is on offer for other workflows.
    """

    default_code = "comfy.lacking"


class LoginRefused(ComfyFailure, LicenceError):
    """Raised when a server (or the proxy before it) refuses the configured credentials."""

    default_code = "comfy.login"


class OutOfMemory(ComfyFailure, ResourceError):
    """Raised when the server's GPU memory did not suffice."""

    default_code = "comfy.memory"


class DiskFull(ComfyFailure, ResourceError):
    """Raised when the server's disk is full."""

    default_code = "comfy.disk-full"


class RunTimeout(ComfyFailure, TaskTimeout):
    """Raised when a run took longer than the limit."""

    default_code = "comfy.timeout"


class TooLargeToUpload(ComfyFailure, InputError):
    """Raised when a file is larger than the server takes."""

    default_code = "comfy.upload-size"


class UnreadableAsset(ComfyFailure, InputError):
    """Raised when the server cannot open a file that arrived there whole."""

    default_code = "comfy.invalid-format"


class BindingFailed(ComfyFailure):
    """Raised when a server refuses the graph itself: the template and it do not fit."""

    default_code = "comfy.binding"


class NodeFailed(ComfyFailure):
    """Raised when a node of the graph raised while it ran."""

    default_code = "comfy.node"


_NODE_FAILURES: tuple[tuple[tuple[str, ...], type[ComfyFailure], str, str], ...] = (
    (
        ("OutOfMemoryError", "Allocation on device", "out of memory"),
        OutOfMemory,
        "the video server ran out of graphics memory",
        "A lower quality, a smaller size or a shorter duration needs less.",
    ),
    (
        ("No space left on device", "Disk quota exceeded"),
        DiskFull,
        "the video server's disk is full",
        "Make room on the server.",
    ),
    (
        ("No video stream", "No audio stream", "cannot identify image file", "Invalid data found"),
        UnreadableAsset,
        "the video server could not read one of the files",
        "Save the file anew in a common format (PNG, MP4 with H.264, WAV) and send it again.",
    ),
    (
        ("CUDA error", "cuDNN error", "CUBLAS_STATUS", "device-side assert", "HIP error"),
        ServerLost,
        "the video server's graphics card failed",
        "Restart the server if this comes again.",
    ),
)
"""Words in an exception to what it means; everything else is the workflow's own fault."""


def node_failure(error: Mapping[str, Any], cause: Mapping[str, Any], where: str) -> ComfyFailure:
    """The failure that an ``execution_error`` message stands for."""
    kind = str(error.get("exception_type", ""))
    said = str(error.get("exception_message", ""))
    node = f"{error.get('node_type', '?')} (node {error.get('node_id', '?')})"
    kept = {
        "node_id": error.get("node_id"),
        "node_type": error.get("node_type"),
        "exception_type": kind,
        "exception_message": said[:_LONGEST],
        "traceback": [str(line)[:_LONGEST] for line in error.get("traceback") or ()][-12:],
    }
    got = f"{kind} in {node}: {said.strip().splitlines()[0] if said.strip() else 'no message'}"
    told = f"{kind} {said}"
    for words, failure, what, mend in _NODE_FAILURES:
        if any(word in told for word in words):
            return failure(what, cause={**cause, **kept}, where=where, got=got[:400], mend=mend)
    return NodeFailed(
        "the video workflow failed on the server",
        cause={**cause, **kept},
        where=where,
        got=got[:400],
        mend="An operator finds the exact cause in the job's log.",
    )


def shortened(text: str) -> str:
    """A server's text as it may be kept."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} … ({len(text)} characters)"
