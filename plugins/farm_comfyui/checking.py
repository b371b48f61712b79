"""What a server lacks for a workflow, told so that an operator knows what to put where.

Invariant: a server lacks something exactly when it would refuse the graph for it: a node class that it
does not describe, a model file that the loader's choices do not have, or a version that is too old.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from farm import MediaFacts
from farm_comfyui.binding import choices
from farm_comfyui.bound import BoundGraph, Needs
from farm_comfyui.descriptions import allowed, inputs_of
from farm_comfyui.profiles import profile_of
from farm_comfyui.requests import BindRequest
from farm_comfyui.templates import Template

_SECONDS = 2.0


def lacks(needs: Needs, version: str, nodes: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """What a server lacks, one sentence each; empty when it can run this.

    version : ComfyUI's, ``""`` when it did not say. nodes : class to its ``object_info`` entry; a
    class that is not there, or is empty, is one that the server does not have.
    """
    told = []
    if older(version, needs.min_version):
        told.append(f"ComfyUI is {version}, needs {needs.min_version} or newer")
    for name in needs.nodes:
        if not nodes.get(name):
            pack = needs.packs.get(name)
            told.append(
                f"node {name} is missing: install the custom node pack {pack}"
                if pack
                else f"node {name} is missing: update ComfyUI"
            )
    for model in needs.models:
        description = nodes.get(model.node_class)
        spec = inputs_of(description).get(model.input) if description else None
        if spec is not None and model.name not in (allowed(spec) or ()):
            told.append(f"model {model.name} is missing: put it into models/{model.folder}")
    return tuple(told)


def older(version: str, wanted: str) -> bool:
    """Whether a version is below another; one that cannot be read is not."""
    found, least = _numbers(version), _numbers(wanted)
    return bool(found and least) and found < least


def _numbers(version: str) -> tuple[int, ...]:
    match = re.match(r"v?(\d+(?:\.\d+)*)", version)
    return tuple(int(part) for part in match[1].split(".")) if match else ()


def sample(template: Template, quality: str) -> tuple[BoundGraph, ...]:
    """The graphs of a small piece of work of a quality, in every form of the models."""
    facts = {
        "image": MediaFacts(width=832, height=480),
        "video": MediaFacts(width=832, height=480, duration_s=_SECONDS, fps=Fraction(24)),
        "audio": MediaFacts(duration_s=_SECONDS, sample_rate=48_000),
    }
    profile = profile_of(template.map, quality)
    request = BindRequest(
        prompt="a sample",
        quality=quality,
        aspect=next(iter(profile.sizes)),
        assets={name: facts[asset.kind] for name, asset in template.map.assets.items()},
    )
    return choices(template, request)
