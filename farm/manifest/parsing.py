"""From bytes, or from fields that intake gathered, to a :class:`Manifest`.

Invariant: a manifest enters the farm through these two functions and no other way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from farm.domain.errors import ManifestError
from farm.manifest.document import Document, Limits
from farm.manifest.model import VERSION, Manifest
from farm.manifest.reading import read_document
from farm.manifest.refusals import refusal

# Fields of two levels: defaults fill in what is missing inside them, too.
_MERGED = ("inputs", "params", "providers")


def parse_manifest(
    data: bytes,
    *,
    name: str,
    limits: Limits | None = None,
    defaults: Mapping[str, Any] | None = None,
) -> Manifest:
    """Read a ``.yaml``, ``.yml``, ``.json`` or ``.toml`` manifest.

    name : its file name, for the format and for messages.
    defaults : fields used where the manifest has none (a drop folder's).

    Raises
    ------
    ManifestError : with a stable code, the place, what was expected, what was found, and a mend.
    """
    document = read_document(data, name=name, limits=limits)
    _check_version(document)
    return _validate(document, defaults)


def manifest_from(
    fields: Mapping[str, Any], *, name: str, defaults: Mapping[str, Any] | None = None
) -> Manifest:
    """A manifest from fields that the farm put together itself (a dropped prompt, ``farm submit``).

    The field ``farm`` may be left out. Raises ManifestError.
    """
    return _validate(Document(name, {"farm": VERSION, **fields}), defaults)


def _validate(document: Document, defaults: Mapping[str, Any] | None) -> Manifest:
    try:
        return Manifest.model_validate(_merged(document.fields, defaults or {}))
    except ValidationError as error:
        raise refusal(error, Manifest, document) from error


def _merged(fields: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    merged = {**defaults, **fields}
    for name in _MERGED:
        ours, theirs = fields.get(name), defaults.get(name)
        if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
            merged[name] = {**theirs, **ours}
    # A prompt that is given either way replaces a default prompt that was written the other way.
    inputs = fields.get("inputs")
    if isinstance(inputs, Mapping) and "prompt" in inputs and "prompt" not in fields:
        merged.pop("prompt", None)
    elif "prompt" in fields and isinstance(merged.get("inputs"), Mapping) and inputs is None:
        merged["inputs"] = {k: v for k, v in merged["inputs"].items() if k != "prompt"}
    return merged


def _check_version(document: Document) -> None:
    version = document.fields.get("farm")
    if version == VERSION and not isinstance(version, bool):
        return
    missing = "farm" not in document.fields
    raise ManifestError(
        "the version of the manifest is missing" if missing else "no such version of manifests",
        where=document.place(() if missing else ("farm",)),
        expected=f"farm: {VERSION}",
        got="" if missing else repr(version)[:40],
        mend=f"Write `farm: {VERSION}` as the first field.",
        code="manifest.missing-field" if missing else "manifest.unsupported-version",
    )
