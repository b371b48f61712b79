"""Every error the farm raises on purpose, as one tree.

Invariant: a message says what, where, expected, got and how to mend it, and it names its class
(the row of the failure policy), so that no caller has to guess what to do with it.

    FarmError
    ├── InputError            the submitter can mend it (class ``input``)
    │   ├── ManifestError     a manifest that cannot be accepted
    │   ├── AssetError        a file that cannot be accepted
    │   ├── ParameterError    a parameter out of type or range
    │   └── UnknownName       a pipeline, stage, provider or version nobody offers
    ├── ConfigError           a setting the operator must mend
    ├── PluginError           a plugin that breaks the contract
    │   └── MissingExtra      an optional package that is not installed
    ├── ResourceError         out of memory (class ``resource``)
    ├── BrokenOutput          pictures or sounds that are none (class ``broken``)
    ├── TransientError        worth another try (class ``transient``)
    ├── LicenceError          a licence or credential is missing (class ``licence``)
    ├── EngineCrash           the engine process died (class ``crash``)
    ├── TaskTimeout           the task ran out of its time (class ``timeout``)
    ├── TaskCancelled         the task was asked to stop (class ``cancelled``)
    ├── StateError
    │   ├── IllegalMove       the transition table does not allow it
    │   ├── LostClaim         somebody else owns the attempt, or it was fenced
    │   └── NotLeader         another daemon is the active one
    └── StoreError
        ├── ArtifactMissing   the ledger knows it, the store does not have it
        ├── ModelError        a model's files are missing, corrupt or not to be had
        └── StoreFull         no room, or over quota (class ``disk``)
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from enum import Enum


class ErrorClass(str, Enum):
    """What kind of failure ended an attempt; the failure policy has one row for each."""

    INPUT = "input"
    RESOURCE = "resource"
    DISK = "disk"
    BROKEN = "broken"
    TRANSIENT = "transient"
    LICENCE = "licence"
    CRASH = "crash"
    TIMEOUT = "timeout"
    BUG = "bug"
    LOST = "lost"
    CANCELLED = "cancelled"


class FarmError(Exception):
    """Root of the tree.

    Parameters
    ----------
    what : one plain sentence about what is wrong.
    where : the file, field, stage or setting it is about.
    expected, got : what would have been right, and what was found.
    mend : what the reader can do about it.
    code : a stable, machine-readable name of this very complaint (``manifest.unknown-field``).
    """

    error_class: ErrorClass = ErrorClass.BUG

    def __init__(
        self,
        what: str,
        *,
        where: str = "",
        expected: str = "",
        got: str = "",
        mend: str = "",
        code: str = "",
    ) -> None:
        self.what = what
        self.where = where
        self.expected = expected
        self.got = got
        self.mend = mend
        self.code = code or type(self).__name__
        super().__init__(self.sentence())

    def sentence(self) -> str:
        """The whole complaint as one line a person can act on."""
        text = f"{self.where}: {self.what}" if self.where else self.what
        details = [
            f"{name} {value}"
            for name, value in (("expected", self.expected), ("got", self.got))
            if value
        ]
        if details:
            text = f"{text.rstrip('.')}; {', '.join(details)}"
        text = text if text.endswith((".", "!", "?")) else f"{text}."
        return f"{text} {self.mend}".rstrip()

    def record(self) -> dict[str, str]:
        """The complaint as a JSON object (``error.json``, receipts, the ledger)."""
        return {
            "code": self.code,
            "class": self.error_class.value,
            "what": self.what,
            "where": self.where,
            "expected": self.expected,
            "got": self.got,
            "mend": self.mend,
            "message": self.sentence(),
        }

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        fields = (self.what, self.where, self.expected, self.got, self.mend, self.code)
        return _rebuild, (type(self), *fields)


def _rebuild(kind: type[FarmError], *fields: str) -> FarmError:
    what, where, expected, got, mend, code = fields
    return kind(what, where=where, expected=expected, got=got, mend=mend, code=code)


class InputError(FarmError):
    """Raised when the submitter can mend it."""

    error_class = ErrorClass.INPUT


class ManifestError(InputError):
    """Raised when a manifest cannot be accepted."""


class AssetError(InputError):
    """Raised when a file cannot be accepted."""


class ParameterError(InputError):
    """Raised when a parameter has the wrong type or is out of range."""


class UnknownName(InputError):
    """Raised when a pipeline, stage, provider, parameter or version is not known."""


class ConfigError(FarmError):
    """Raised when a setting must be mended by the operator."""


class PluginError(FarmError):
    """Raised when a plugin breaks the contract; names the plugin and the hook."""


class MissingExtra(PluginError):
    """Raised when an optional package is not installed; says the command that installs it."""


class ResourceError(FarmError):
    """Raised when memory or VRAM ran out while a task ran."""

    error_class = ErrorClass.RESOURCE


class BrokenOutput(FarmError):
    """Raised when what a model made is no picture or sound: not a number, or all black."""

    error_class = ErrorClass.BROKEN


class TransientError(FarmError):
    """Raised when the same work may well succeed a little later."""

    error_class = ErrorClass.TRANSIENT


class LicenceError(FarmError):
    """Raised when a licence or a credential is missing."""

    error_class = ErrorClass.LICENCE


class EngineCrash(FarmError):
    """Raised when an engine process died under a task."""

    error_class = ErrorClass.CRASH


class TaskTimeout(FarmError):
    """Raised when a task ran longer than its limit, or made no progress for too long."""

    error_class = ErrorClass.TIMEOUT


class TaskCancelled(FarmError):
    """Raised at a checkpoint of a task that was asked to stop."""

    error_class = ErrorClass.CANCELLED


class StateError(FarmError):
    """Raised when the ledger refuses a move."""


class IllegalMove(StateError):
    """Raised when the transition table does not allow a move."""


class LostClaim(StateError):
    """Raised when an attempt belongs to somebody else, or was fenced: the result is refused."""


class NotLeader(StateError):
    """Raised when another daemon has become the active one."""


class StoreError(FarmError):
    """Raised when the artifact store cannot do what it was asked."""

    error_class = ErrorClass.TRANSIENT


class ArtifactMissing(StoreError):
    """Raised when the ledger knows an artifact that the store no longer has."""


class ModelError(StoreError):
    """Raised when a model's files are missing, corrupt or cannot be fetched."""


class StoreFull(StoreError):
    """Raised when the disk or the store has no room, or a quota is reached."""

    error_class = ErrorClass.DISK


def nearest(name: str, known: Iterable[str]) -> str:
    """A mend such as ``Did you mean "procedural"? Known: …`` for an unknown name."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f'Did you mean "{close[0]}"? ' if close else ""
    shown = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
    return f"{hint}Known: {shown}." if names else f"{hint}None are known."
