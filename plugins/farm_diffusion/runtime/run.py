"""A diffusion task from its inputs to its files.

Invariant: whatever happens to a task, networks that stay warm are left as they were loaded. When memory
runs out, one lower way is tried here; if it runs out again, the scheduler is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from typing import Any

from farm import FarmError, InputError, ResourceError, Result, Task
from farm_diffusion.choices import RecipeParams, Settings, group_of, settled
from farm_diffusion.recipes import Recipe
from farm_diffusion.runtime import preview
from farm_diffusion.runtime.adapters import wearing
from farm_diffusion.runtime.assemble import Kit, assembled, kit_of, take, weights_of
from farm_diffusion.runtime.held import Held, drop_hooks
from farm_diffusion.runtime.libraries import (
    free_memory,
    is_out_of_memory,
    library,
    quiet,
    repeatable,
)
from farm_diffusion.runtime.plan import Choice, Request, Way, choose, mend
from farm_diffusion.runtime.read import arguments, facts_of, given
from farm_diffusion.runtime.report import Spent, peak, write_report
from farm_diffusion.runtime.shot import Shot, call_once, seed_of
from farm_diffusion.runtime.speed import switched
from farm_diffusion.runtime.steps import Steps
from farm_diffusion.runtime.write import not_finite, written

_SPARE_MB = 400
"""Of a card's free memory: what its libraries take for themselves."""


def run(task: Task[RecipeParams]) -> Result:
    """Make what the task's recipe says.

    Raises
    ------
    InputError : an input, or a model that is none for this pipeline.
    ResourceError : memory ran out, also one way lower; says what else would do.
    BrokenOutput : the model gave no picture.
    """
    quiet()
    model = task.params.model  # type: ignore[attr-defined]
    task.counts_as(f"{model}@{task.models.facts(model).digest[:8]}")
    facts = facts_of(task)
    settings = settled(task.params, facts, task.window.frames if task.window else None)
    _refuse_too_long(task.params.recipe, settings)
    with repeatable(task.threads, task.device):
        return _Run(task, settings).result()


def _refuse_too_long(recipe: Recipe, settings: Settings) -> None:
    """Raise InputError where an input, not a parameter, asks for more than the model can make."""
    if recipe.frames and not recipe.windows and settings.frames > recipe.frames.maximum:
        raise InputError(
            "is too long for this model",
            where=" or ".join(recipe.frames.as_long_as) or "frames",
            expected=f"at most {recipe.frames.maximum} frames at {float(settings.fps):g} a second",
            got=str(settings.frames),
            mend="Set duration_s or frames, or send a shorter one.",
            code="diffusion.too-long",
        )


class _Run:
    """One attempt; it may take two ways."""

    def __init__(self, task: Task[RecipeParams], settings: Settings) -> None:
        self._task, self._settings = task, settings
        self._spent = Spent()
        self._networks: dict[str, Held] = {}

    def result(self) -> Result:
        task, spent = self._task, self._spent
        with spent.on("read"):
            read = given(task, self._settings)
        kit = kit_of(task)
        choice = self._choice(kit)
        task.log.info("memory: %s, because %s", choice.way.name, choice.why)
        way = choice.way
        files = self._tried(kit, way, read)
        if files is None and choice.rest:
            way = choice.rest[0]
            task.log.warning("out of memory with %s; trying %s", choice.way.name, way.name)
            for network in self._networks.values():
                network.park()
            free_memory(task.device)
            files = self._tried(kit, way, read)
        if files is None:
            raise ResourceError(
                "memory ran out",
                where=task.params.recipe.provider,
                expected=f"about {way.expected_mb} MB on {task.device}",
                got=f"not that much, with {way.name}",
                mend=mend(choice, task.params.memory),  # type: ignore[attr-defined]
                code="diffusion.memory",
            )
        self._remember(kit, way)
        task.log.info("done: %s", spent.sentence())
        return {**files, "report": write_report(task, kit, self._settings, way)}

    def _choice(self, kit: Kit) -> Choice:
        task, settings, recipe = self._task, self._settings, self._task.params.recipe
        params, memory = task.params, recipe.memory
        megapixels = max(settings.width * settings.height, 64 * 64) * settings.made / 1e6
        decode = memory.fixed_mb + memory.decode_per_megapixel_mb * megapixels
        room = task.models.room_mb()
        card = task.device != "cpu"
        weights = weights_of(kit, recipe)
        request = Request(
            weights=weights,
            step_mb=memory.fixed_mb + memory.step_per_megapixel_mb * megapixels,
            decode_mb=decode,
            tiled_mb=decode * memory.tiled_share,
            tile_above_mb=memory.vram_mb,
            device=task.device,
            can_tile=any(hasattr(part.kind, "tiled_decode") for _, part in kit.networks()),
        )
        return choose(
            request,
            room_mb=room - _SPARE_MB if card and room is not None else room,
            precisions=self._precisions(card),
            peaks=self._peaks(kit),
            memory=params.memory,  # type: ignore[attr-defined]
            tiling=params.tiling,  # type: ignore[attr-defined]
            ran_out=task.memory.ran_out,
        )

    def _precisions(self, card: bool) -> list[str]:
        """The one that is taken, then those of which the planner may choose if it was allowed to."""
        asked = self._settings.precision
        if asked != "auto":
            return [asked]
        if not card:
            # Half precision is slower than single on a processor.
            return ["float32"]
        named = [
            variant.quantisation or variant.dtype
            for variant in self._task.models.facts(self._task.params.model).variants.values()  # type: ignore[attr-defined]
        ]
        known = [
            name for name in named if name in ("float32", "bfloat16", "float16", "fp8", "int8")
        ]
        return list(dict.fromkeys(known)) or ["bfloat16"]

    def _tried(self, kit: Kit, way: Way, read: Mapping[str, Any]) -> dict[str, Path | Any] | None:
        """The files, or ``None`` if memory ran out."""
        task, networks = self._task, self._networks
        try:
            with peak(task.device, self._spent), ExitStack() as stack:
                stack.callback(_settle, networks)
                with self._spent.on("load"):
                    take(task, kit, way, networks)
                    task.models.make_room(way.working_mb)
                    colours = self._colours(kit, networks)
                return self._made(kit, way, networks, colours, read, stack)
        except FarmError:
            raise
        except Exception as error:
            if not is_out_of_memory(error):
                # Broken off inside a network, parts of it may be anywhere.
                for network in networks.values():
                    network.park()
                raise
            # The frames of the failed call hold the memory that the next try needs.
            error.__traceback__ = None
        free_memory(task.device)
        return None

    def _made(
        self,
        kit: Kit,
        way: Way,
        networks: Mapping[str, Held],
        colours: preview.Colours | None,
        read: Mapping[str, Any],
        stack: ExitStack,
    ) -> dict[str, Path | Any]:
        task, settings, spent = self._task, self._settings, self._spent
        recipe, params = task.params.recipe, task.params
        with spent.on("load"):
            pipe = assembled(task, kit, networks, recipe.schedulers.get(settings.scheduler))
            stack.callback(_let_go, pipe, networks)
            _tile(networks, way.tiled)
            stack.enter_context(wearing(task, pipe))
            if way.offload == "model" and hasattr(pipe, "enable_model_cpu_offload"):
                pipe.enable_model_cpu_offload(device=task.device)
            elif way.offload == "model":
                # A pipeline of blocks does not tell which network runs when.
                for network in networks.values():
                    network.bring("group")
        count = int(settings.values.get("steps", 1))
        attention = getattr(params, "attention", "default")
        stack.enter_context(
            switched(pipe, recipe, attention=attention, cache=settings.cache, steps=count)
        )
        scale = preview.scale_of(pipe)
        steps = Steps(task, count, lambda latents: self._look(latents, colours, scale))
        shot = Shot(task, recipe, settings, pipe, arguments(task, settings, read), read, steps)
        task.progress(0, steps.total + 1, f"denoising, {way.name}")
        # Some loops draw from torch's own generator. It is seeded this late because loading draws
        # from it, too, and a warm model is not loaded.
        library("torch").manual_seed(seed_of(task))
        with spent.on("call"):
            made = _call_of(recipe.call)(shot)
        task.progress(steps.total, steps.total + 1, "writing")
        with spent.on("write"):
            return written(task, settings, made)

    def _colours(self, kit: Kit, networks: Mapping[str, Held]) -> preview.Colours | None:
        """How latents are shown; measured once for a VAE."""
        recipe = self._task.params.recipe
        if recipe.preview is not None:
            return preview.named(recipe.preview)
        vae = networks.get("vae")
        if vae is None:
            return None
        found: preview.Colours | None = self._task.models.get(
            f"{kit.parts['vae'].key}:colours",
            lambda: preview.measured(vae.module),
            size_mb=1,
            group=group_of(self._task.params) or "",
        )
        return found

    def _look(self, latents: Any, colours: preview.Colours | None, scale: int) -> None:
        """Stop a run that will give no picture, and show one that will."""
        if not hasattr(latents, "isfinite"):
            return
        if not bool(latents.isfinite().all()):
            raise not_finite("latents")
        if colours is None:
            return
        width, height = self._settings.width, self._settings.height
        shown = preview.shown(latents, colours, width, height, scale)
        if shown is not None:
            self._task.preview(shown)

    def _peaks(self, kit: Kit) -> dict[str, int]:
        if self._task.device == "cpu":
            return {}
        return self._task.documents.get("peaks", self._peak_key(kit)) or {}

    def _remember(self, kit: Kit, way: Way) -> None:
        """What a way took on a card, for the next plan."""
        if self._spent.peak_mb:
            known = self._peaks(kit)
            seen = max(self._spent.peak_mb, known.get(way.name, 0))
            self._task.documents.put("peaks", self._peak_key(kit), {**known, way.name: seen})

    def _peak_key(self, kit: Kit) -> str:
        settings = self._settings
        size = f"{settings.width}x{settings.height}x{settings.made}"
        return f"{self._task.params.recipe.provider}.{kit.digest[:16]}.{size}"


def _call_of(name: str) -> Any:
    if not name:
        return call_once
    module, _, function = name.partition(":")
    return getattr(import_module(module), function)


def _tile(networks: Mapping[str, Held], tiled: bool) -> None:
    for network in networks.values():
        module = network.module
        if hasattr(module, "tiled_decode"):
            (module.enable_tiling if tiled else module.disable_tiling)()


def _let_go(pipe: Any, networks: Mapping[str, Held]) -> None:
    """Take everything off the networks that a task hung on them."""
    for network in networks.values():
        if hasattr(network.module, "_reset_stateful_cache"):
            network.module._reset_stateful_cache()
    drop_hooks(pipe)
    _tile(networks, False)


def _settle(networks: Mapping[str, Held]) -> None:
    for network in networks.values():
        network.settle()
