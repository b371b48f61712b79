"""A template and a request make a graph: every choice is written into its nodes.

Invariant: the same template and request give the same bytes; every value that was set is one that the
node's description allows, and the record says how each came about.
"""

from __future__ import annotations

from dataclasses import replace

from farm import AssetError
from farm.domain.errors import PluginError
from farm_comfyui.accounts import account
from farm_comfyui.bound import BoundGraph, Expected, Needs, OutputNode, UploadSlot
from farm_comfyui.descriptions import complaints, recorded
from farm_comfyui.filling import fill, fill_models, leave_out
from farm_comfyui.fitting import finishing, preparations
from farm_comfyui.lengths import plan
from farm_comfyui.maps import WorkflowMap
from farm_comfyui.profiles import precisions, settled
from farm_comfyui.requests import BindRequest
from farm_comfyui.templates import Template
from farm_comfyui.weights import weights_of
from farm_comfyui.wiring import classes, extended, set_value
from farm_comfyui.words import words_of


def bind(template: Template, request: BindRequest) -> BoundGraph:
    """The graph of a request, with the first choice of models.

    Raises
    ------
    InputError : the request cannot be honoured; says by what.
    """
    return choices(template, request)[0]


def choices(template: Template, request: BindRequest) -> tuple[BoundGraph, ...]:
    """The graph in every form of its models, the preferred first; they differ in nothing else."""
    said = template.map
    forms = precisions(said, request)
    if not any("any" not in model.files for model in said.models.values()):
        forms = forms[:1]
    return tuple(_bound(template, request, precision) for precision in forms)


def _bound(template: Template, request: BindRequest, precision: str) -> BoundGraph:
    said = template.map
    _nothing_missing(said, request)
    words, choice = words_of(said, request), settled(said, request)
    length = plan(
        said.length,
        request.assets,
        duration_s=request.duration_s,
        segments=request.segments,
        max_s=choice.max_s,
    )
    graph = extended(template.graph, template.extension, length.chunks)
    fill(graph, said, request, words, choice, length)
    models = fill_models(graph, said, precision)
    leave_out(graph, said, request, choice)
    wrong = complaints(graph, {**recorded(), **template.known})
    if wrong:
        raise PluginError(
            "a workflow was bound to a graph that no server takes",
            where=template.version_id,
            got="; ".join(wrong),
            code="comfy.binding",
        )
    slots = tuple(
        UploadSlot(name, node, wanted)
        for name, asset in said.assets.items()
        for node, wanted in asset.places
        if node in graph
    )
    for slot in slots:
        set_value(graph, (slot.node, slot.input), f"asset:{slot.asset}")
    present = classes(graph)
    bound = BoundGraph(
        template=template.name,
        version=template.version,
        version_id=template.version_id,
        graph=graph,
        slots=slots,
        outputs=tuple(
            OutputNode(one.node, role, one.media, length.total if one.media == "video" else None)
            for role, one in said.outputs.items()
            if one.node in graph
        ),
        needs=Needs(
            nodes=present,
            models=tuple(need for node, need in models if node in graph),
            packs={name: pack for name, pack in said.packs.items() if name in present},
            min_version=said.min_version,
        ),
        weights=weights_of(graph),
        expected=Expected(length.total, said.length.fps, choice.width, choice.height),
        before=preparations(said, request, choice, length),
        after=finishing(said, request, length),
        record={},
    )
    return replace(bound, record=account(bound, request, words, choice, length, precision))


def _nothing_missing(said: WorkflowMap, request: BindRequest) -> None:
    for name, asset in said.assets.items():
        if asset.required and name not in request.assets:
            raise AssetError(
                "a file is missing",
                where=name,
                expected=" and ".join(n for n, one in said.assets.items() if one.required),
                got=", ".join(request.assets) or "nothing",
                mend=f"Add {name}.",
                code="comfy.missing-asset",
            )
    for name in request.assets:
        if name not in said.assets:
            raise AssetError(
                "this workflow does not take this file",
                where=name,
                expected=", ".join(said.assets),
                mend="Leave it out, or use a workflow that takes it.",
                code="comfy.wrong-mode",
            )
