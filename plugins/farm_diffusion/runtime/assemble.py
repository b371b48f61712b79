"""A pipeline from components that the engine's cache holds.

Invariant: the pipeline object belongs to one task and is thrown away; its networks are shared, its
scheduler and everything else that remembers is its own.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from farm import InputError, Task
from farm_diffusion.choices import RecipeParams, group_of
from farm_diffusion.recipes import Recipe
from farm_diffusion.runtime import held
from farm_diffusion.runtime.held import Held
from farm_diffusion.runtime.libraries import named_class
from farm_diffusion.runtime.parts import Folder, Part, folder_of, role_of, single_part
from farm_diffusion.runtime.plan import BYTES, Way, Weights
from farm_diffusion.runtime.qwen_processor import load_processor
from farm_diffusion.sections import Scheduler


@dataclass(frozen=True, slots=True)
class Kit:
    """What a pipeline is made from. plain : values of the model's index."""

    kind: Any
    parts: Mapping[str, Part]
    plain: Mapping[str, Any]
    digest: str

    def networks(self) -> Iterator[tuple[str, Part]]:
        """Components with weights."""
        return ((name, part) for name, part in self.parts.items() if held.is_network(part))


def kit_of(task: Task[RecipeParams]) -> Kit:
    """The components that a task's pipeline needs, from the folders of its models.

    Raises
    ------
    InputError : a model is none for this pipeline.
    """
    params, recipe = task.params, task.params.recipe
    kind = named_class(recipe.pipeline)
    facts = task.models.facts(params.model)
    folder = folder_of(task.models.files(params.model), facts, params.model)
    parts = dict(folder.parts)
    for name, component in recipe.components.items():
        if name in parts:
            continue
        model = getattr(params, f"{name}_model")
        if not model:
            raise _lacks(recipe, params.model, name, f"name a model as {name}_model")
        parts[name] = single_part(
            name,
            named_class(component.name),
            task.models.files(model),
            component.subfolder,
            task.models.facts(model),
            model,
        )
    return _fitting(recipe, kind, parts, folder, params.model, facts.digest)


def _fitting(
    recipe: Recipe, kind: Any, parts: dict[str, Part], folder: Folder, model: str, digest: str
) -> Kit:
    """Those that the pipeline's class takes."""
    if _is_modular(kind):
        return Kit(kind, parts, {}, digest)
    taken = inspect.signature(kind.__init__).parameters
    optional = set(getattr(kind, "_optional_components", ()))
    for name, parameter in taken.items():
        known = name in parts or name in folder.plain or name in optional
        if name != "self" and not known and parameter.default is parameter.empty:
            raise _lacks(recipe, model, name, "name a model that was made for it")
    plain = {name: value for name, value in folder.plain.items() if name in taken}
    plain |= {
        name: None for name in optional & set(taken) if name not in parts and name not in plain
    }
    return Kit(kind, {name: p for name, p in parts.items() if name in taken}, plain, digest)


def _lacks(recipe: Recipe, model: str, name: str, mend: str) -> InputError:
    return InputError(
        f"the model has no {name}, which {recipe.pipeline} needs",
        where=model,
        mend=f"{mend[0].upper()}{mend[1:]}.",
        code="diffusion.no-component",
    )


def _is_modular(kind: Any) -> bool:
    return any(parent.__name__ == "ModularPipeline" for parent in kind.__mro__)


def weights_of(kit: Kit, recipe: Recipe) -> list[Weights]:
    """Sizes and roles of the networks, for the planner."""
    return [
        Weights(
            name,
            part.millions,
            role_of(name, recipe.memory.backbone),  # type: ignore[arg-type]
            full_precision=name in recipe.float32,
        )
        for name, part in kit.networks()
    ]


def take(
    task: Task[RecipeParams], kit: Kit, way: Way, networks: dict[str, Held]
) -> dict[str, Held]:
    """Add the networks of a kit to ``networks``, from the engine's cache, and bring them to their
    places. Those that are there already in the right numbers are moved instead of loaded anew."""
    recipe = task.params.recipe
    host = way.offload != "full" and task.device != "cpu"
    for name, part in kit.networks():
        role = role_of(name, recipe.memory.backbone)
        precision = _precision(recipe, name, role, way.precision, task.device)
        if name not in networks or networks[name].precision != precision:
            networks[name] = _cached(task, part, precision, role == "backbone", host)
        # The decoder runs once for a task: in groups that wait for each other it would be slower.
        streams_once = way.offload == "group" and role in ("vae", "other")
        networks[name].bring("sequential" if streams_once else way.offload)
        task.checkpoint()
    return networks


def _cached(
    task: Task[RecipeParams], part: Part, precision: str, backbone: bool, host: bool
) -> Held:
    """A network of the engine's cache."""
    device = task.device

    def read() -> Held:
        task.progress(0, 1, f"loading {part.name}")
        network = held.load(part, precision, backbone=backbone, device=device)
        if not host:
            network.bring("full")
        return network

    found: Held = task.models.get(
        f"{part.key}:{part.kind.__name__}:{precision}:{'host' if host else device}",
        read,
        size_mb=max(1, round(part.millions * BYTES[precision])),
        group=group_of(task.params) or "",
        park=None if host else Held.park,
        wake=None if host else Held.wake,
        host=host,
    )
    return found


def _precision(recipe: Recipe, name: str, role: str, precision: str, device: str) -> str:
    if name in recipe.float32:
        return "float32"
    if precision in ("fp8", "int8", "gguf") and role != "backbone":
        return "float32" if device == "cpu" else "bfloat16"
    return precision


def _unweighted(part: Part) -> Any:
    """A component of settings and words only: a tokenizer, a scheduler."""
    if part.kind.__name__ == "Qwen2VLProcessor":
        return load_processor(part.folder)
    return part.kind.from_pretrained(str(part.folder), local_files_only=True)


def assembled(
    task: Task[RecipeParams], kit: Kit, networks: Mapping[str, Held], scheduler: Scheduler | None
) -> Any:
    """A pipeline of a task's own. scheduler : of the recipe, or ``None`` for the model's."""
    parts: dict[str, Any] = {}
    for name, part in kit.parts.items():
        if name in networks:
            parts[name] = networks[name].module
            continue
        parts[name] = task.models.get(
            f"{part.key}:{part.kind.__name__}",
            partial(_unweighted, part),
            size_mb=1,
            group=group_of(task.params) or "",
        )
        if hasattr(part.kind, "step"):
            # It remembers where it is in a run, so each task has its own.
            kind = named_class(scheduler.name) if scheduler and name == "scheduler" else part.kind
            changes = scheduler.config if scheduler and name == "scheduler" else {}
            parts[name] = kind.from_config(parts[name].config, **changes)
    if _is_modular(kit.kind):
        pipe = kit.kind()
        pipe.update_components(**parts)
        return pipe
    pipe = kit.kind(**parts, **kit.plain)
    pipe.set_progress_bar_config(disable=True)
    return pipe
