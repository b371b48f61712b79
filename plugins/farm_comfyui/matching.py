"""Which submitted file is which asset of a workflow, told from names and, where that is clear, kinds.

Invariant: a file becomes an asset because it is named after it, or because there is one way only; all
else is refused with the list of what the workflow takes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from farm import AssetError, ParameterError
from farm_comfyui.maps import AssetMap

KINDS = ("image", "video", "audio")
"""Inputs that take files, in the order in which their names are listed."""

Source = tuple[str, int]
"""A file: its input and its place among the input's files."""


def matched(
    assets: Mapping[str, AssetMap], counts: Mapping[str, int], names: Sequence[str]
) -> dict[str, Source]:
    """Asset to its file, in the order of ``assets``.

    counts : files by input. names : of the files, in the order of ``KINDS``; empty when unknown.

    Raises
    ------
    AssetError : a file that the workflow does not take, or takes as another kind; two files for one
        asset; a file that could be several; one that is missing.
    ParameterError : names that are not as many as the files.
    """
    sent = [(kind, at) for kind in KINDS for at in range(counts.get(kind, 0))]
    if names and len(names) != len(sent):
        raise ParameterError(
            "there are not as many names as files",
            where="params.names",
            expected=str(len(sent)),
            got=str(len(names)),
            mend="Leave names out, and the files' own names count.",
            code="comfy.parameter",
        )
    known = {_folded(asset): asset for asset in assets}
    found: dict[str, Source] = {}
    left: dict[str, list[tuple[Source, str]]] = {}
    for source, name in zip(sent, names or [""] * len(sent), strict=True):
        asset = known.get(_folded(PurePosixPath(name).stem))
        if asset is None:
            left.setdefault(source[0], []).append((source, name))
            continue
        if assets[asset].kind != source[0]:
            raise _refused("this file is of another kind than the workflow takes", name, assets)
        if asset in found:
            raise _refused("two files are named after the same asset", name, assets)
        found[asset] = source
    for kind, unnamed in left.items():
        asset, source = _only_way(kind, unnamed, assets, found)
        found[asset] = source
    for asset, said in assets.items():
        if said.required and asset not in found:
            raise AssetError(
                "a file that the workflow needs is missing",
                where=asset,
                expected=takes(assets),
                mend=f"Add a file called {asset} with its usual ending.",
                code="comfy.missing-asset",
            )
    return {asset: found[asset] for asset in assets if asset in found}


def takes(assets: Mapping[str, AssetMap]) -> str:
    """What a workflow takes, for people: ``image (image), mask (video, optional)``."""
    return ", ".join(_told(assets)) or "no files at all"


def _only_way(
    kind: str,
    unnamed: Sequence[tuple[Source, str]],
    assets: Mapping[str, AssetMap],
    found: Mapping[str, Source],
) -> tuple[str, Source]:
    """The asset of the one file of a kind that is not named after any."""
    free = [name for name, said in assets.items() if said.kind == kind and name not in found]
    needed = [name for name in free if assets[name].required]
    # One that the workflow cannot do without beats those that it can.
    choice = needed if len(needed) == 1 else free
    (source, name), *more = unnamed
    if not choice:
        raise _refused("this workflow does not take this file", name or kind, assets)
    if more or len(choice) > 1:
        told = [called for _, called in unnamed if called]
        raise _refused("a file could be more than one thing", ", ".join(told) or kind, assets)
    return choice[0], source


def _told(assets: Mapping[str, AssetMap]) -> Iterator[str]:
    for name, said in assets.items():
        yield f"{name} ({said.kind}{'' if said.required else ', optional'})"


def _folded(name: str) -> str:
    """``image_2`` of ``Image 2``, ``image-2`` and ``image2``, without its marks."""
    return re.sub(r"[\W_]+", "", name.casefold())


def _refused(what: str, got: str, assets: Mapping[str, AssetMap]) -> AssetError:
    return AssetError(
        what,
        where="inputs",
        expected=takes(assets),
        got=got,
        mend="Name each file after what it is; take out what the workflow does not take.",
        code="comfy.wrong-asset",
    )
