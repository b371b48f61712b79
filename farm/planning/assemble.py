"""Assembles the plan of a job.

Invariant: everything that can be decided or refused before work begins is decided or refused here,
and the plan's normalised manifest holds every decision.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from farm.domain.cachekey import canonical
from farm.domain.media import Artifact
from farm.domain.plan import Needs, Plan, PlannedStage
from farm.domain.wording import MB
from farm.manifest import Manifest
from farm.manifest.model import SUFFIX, VERSION
from farm.models.needs import needed, tag
from farm.pipelines import Pipeline, order
from farm.planning.bindings import Inputs, bind, published, wanted
from farm.planning.inputs import check_inputs, input_refs
from farm.planning.profiles import decided, draft_of, undecided
from farm.planning.providers import Offers, check_choices, choose_provider
from farm.planning.seeds import derived_seed, stage_seed
from farm.planning.values import job_params, resolved, stage_params
from farm.planning.windows import WHOLE, ask, cut_each, cut_stage
from farm.registry import Registry
from farm.stages import Resources, Stage

# Longer texts stay in the store; `job_manifest.json` must stay small enough to be read back.
_SHOWN_TEXT = 4000
# Characters of a size, as wide as its column.
_SIZE = 32


def plan(
    manifest: Manifest,
    pipeline: Pipeline,
    registry: Registry,
    *,
    inputs: Inputs,
    offers: Offers,
    name: str = "",
    submitter: str = "anonymous",
) -> Plan:
    """Decide everything about a job.

    inputs : job input to its artifacts, already in the store. offers : stage id to the tags of
    each online node that offers it. name, submitter : used where the manifest has none.

    Raises
    ------
    ManifestError, ParameterError, UnknownName, AssetError : what the submitter can mend.
    PluginError : a declaration of a plugin that fails.
    """
    inputs = {key: tuple(files) for key, files in inputs.items() if files}
    asked, manifest = manifest, undecided(manifest)
    refs = input_refs(manifest, pipeline)
    check_inputs(pipeline, inputs)
    check_choices(manifest, pipeline)
    values = job_params(manifest, pipeline)
    hashes = {key: [file.hash for file in files] for key, files in inputs.items()}
    seed = derived_seed(pipeline.name, hashes) if manifest.seed is None else manifest.seed
    chosen = {
        stage: choose_provider(manifest, pipeline, stage, registry, offers, values)
        for stage in order(pipeline)
        if wanted(pipeline, stage, values, inputs)
    }
    values = resolved(pipeline, chosen, values)
    stages = [
        _stage(pipeline, key, chosen, values, inputs, seed, key in manifest.approve, registry)
        for key in chosen
    ]
    outputs = published(pipeline, chosen)
    providers = {key: stage.provider for key, stage in chosen.items()}
    shown = {key: [_input_record(f) for f in files] for key, files in inputs.items()}
    for key, files in shown.items():
        for ref, record in zip(refs.get(key, ()), files, strict=False):
            if ref.text is not None and _is_text_of(ref.text, record):
                record["text"] = ref.text
    normalised: dict[str, Any] = {
        "farm": VERSION,
        "pipeline": pipeline.ref,
        "name": manifest.name or name or pipeline.name,
        "inputs": {k: v if pipeline.inputs[k].many else v[0] for k, v in shown.items()},
        "params": values,
        "quality": manifest.quality,
        "providers": providers,
        "seed": seed,
        "priority": manifest.priority,
        "submitter": manifest.submitter or submitter,
        "tags": list(manifest.tags),
        "approve": list(manifest.approve),
        "rerun": manifest.rerun,
        "decided": decided(asked, pipeline, values, chosen, registry),
    }
    for key in ("start_after", "deadline", "notify", "output"):
        if key in manifest.model_fields_set and getattr(manifest, key) is not None:
            normalised[key] = manifest.model_dump(mode="json", include={key})[key]
    content = {
        "pipeline": [pipeline.name, pipeline.content_hash],
        "params": values,
        "providers": {key: f"{stage.id}@{stage.version}" for key, stage in chosen.items()},
        "quality": manifest.quality,
        "seed": seed,
        "inputs": hashes,
    }
    models = {stage.name: dict(stage.needs.models) for stage in stages if stage.needs.models}
    if models:
        content["models"] = models
    used = {registry.distribution_of(stage.id) for stage in chosen.values()}
    return Plan(
        name=normalised["name"],
        pipeline=pipeline.ref,
        pipeline_hash=pipeline.content_hash,
        manifest=normalised,
        inputs=inputs,
        stages=tuple(stages),
        outputs=outputs,
        content_key=hashlib.sha256(canonical(content)).hexdigest(),
        seed=seed,
        quality=manifest.quality,
        priority=manifest.priority,
        submitter=normalised["submitter"],
        tags=tuple(manifest.tags),
        deadline_s=manifest.deadline,
        start_after_s=manifest.start_after,
        rerun=manifest.rerun,
        notify=normalised.get("notify"),
        output_dir=manifest.output,
        plugins={key: registry.versions[key] for key in sorted({"farm", *used})},
        draft_id=draft_of(asked),
    )


def _stage(
    pipeline: Pipeline,
    name: str,
    chosen: Mapping[str, Stage],
    values: dict[str, Any],
    inputs: Inputs,
    seed: int,
    gated: bool,
    registry: Registry,
) -> PlannedStage:
    stage, spec = chosen[name], pipeline.stages[name]
    params = stage_params(pipeline, name, stage, values)
    bindings = {
        port: found
        for port, declared in stage.inputs.items()
        if (found := bind(pipeline, name, port, declared, chosen, inputs))
    }
    sources = [binding for found in bindings.values() for binding in found]
    needed = [b.name for b in sources if b.source == "stage"]
    needed += [other for other in spec.after if other in chosen]
    given = {
        port: [file for binding in found for file in inputs[binding.name]]
        for port, found in bindings.items()
        if all(binding.source == "input" for binding in found)
    }
    check = stage.check
    if check is not None:
        ask(stage, "check", lambda: check(params, given))
    each = tuple(port for port in spec.each if port in bindings)
    windows: Sequence[Any] | None = (WHOLE,)
    if each or stage.windows is not None:
        windows = None
        if len(given) == len(bindings):
            cut = cut_each(stage, each, given) if each else cut_stage(stage, params, given)
            windows = tuple(cut)
    model_key = stage.model_key
    return PlannedStage(
        name=name,
        capability=stage.capability,
        provider=stage.provider,
        version=stage.version,
        params=params.model_dump(mode="json"),
        bindings=bindings,
        needs_stages=tuple(dict.fromkeys(needed)),
        needs=_needs(stage, params, registry),
        # A stage without chance is the same under every seed, also in the stage cache.
        seed=stage_seed(seed, name) if stage.seeded else 0,
        windowed=bool(each) or stage.windows is not None,
        windows=windows,
        chained=stage.windows is not None and stage.windows.mode == "chained",
        carry=stage.windows.carry if stage.windows else (),
        each=each,
        approval=spec.approval or gated,
        cacheable=stage.cacheable,
        model_key=ask(stage, "model_key", lambda: model_key(params)) if model_key else None,
        timeout_s=stage.timeout_s,
        stall_s=stage.stall_s,
    )


def _needs(stage: Stage, params: Any, registry: Registry) -> Needs:
    declared = stage.resources
    resources: Resources = (
        ask(stage, "resources", lambda: declared(params)) if callable(declared) else declared
    )
    models = ask(stage, "models", lambda: needed(stage, params, registry.models))
    # What a stage always needs is a condition of offering it; what it chooses, of the node.
    chosen = models if callable(stage.models) else {}
    weights_mb = sum(registry.models[name].size_bytes for name in chosen) // MB
    return Needs(
        stage_id=stage.id,
        version=stage.version,
        cores=resources.cores,
        ram_mb=resources.ram_mb + weights_mb,
        disk_mb=resources.disk_mb,
        gpus=resources.gpus,
        vram_mb=resources.vram_mb,
        limits=dict(sorted(resources.limits.items())),
        tags=tuple(sorted({*resources.tags, *map(tag, chosen)})),
        models=models,
        size=_size(stage, params),
    )


def _size(stage: Stage, params: Any) -> str:
    """What recorded peaks go by: the model, and the size that the stage tells."""
    asked = {"model_key": stage.model_key, "size": stage.size}
    told = [ask(stage, name, partial(of, params)) for name, of in asked.items() if of]
    size = "/".join(part for part in told if part)
    return size if len(size) <= _SIZE else hashlib.sha256(size.encode()).hexdigest()[:_SIZE]


def _input_record(file: Artifact) -> dict[str, Any]:
    record: dict[str, Any] = {"sha256": file.hash, "kind": file.kind.value}
    if re.fullmatch(SUFFIX, file.suffix):
        record["suffix"] = file.suffix
    return record


def _is_text_of(text: str, record: Mapping[str, Any]) -> bool:
    same = hashlib.sha256(text.encode()).hexdigest() == record["sha256"]
    return same and len(text) <= _SHOWN_TEXT
