"""Switches that make a run faster: attention back ends, and caches between steps.

Invariant: a switch is off again when the task ends, however it ends: back ends are process-wide, and a
cache that is left on changes the next job's pictures.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from typing import Any

from farm import ParameterError
from farm_diffusion.recipes import Recipe
from farm_diffusion.runtime.libraries import library

_BLOCK_CHANGE = 0.08
"""First-block cache: the other blocks are skipped while the first one's output changes by less."""


@contextmanager
def switched(
    pipe: Any, recipe: Recipe, *, attention: str, cache: str, steps: int
) -> Iterator[None]:
    """Inside, the switches are on. attention, cache : empty for none. steps : of denoising."""
    with ExitStack() as stack:
        if attention not in ("", "default"):
            stack.enter_context(_attending(attention))
        if cache:
            for name in recipe.memory.backbone:
                network = getattr(pipe, name, None)
                if network is not None:
                    config = _config(cache, recipe.magnitudes, steps)
                    stack.enter_context(_caching(network, cache, config))
        yield


@contextmanager
def _attending(name: str) -> Iterator[None]:
    from diffusers import attention_backend

    try:
        with attention_backend(name):
            yield
    except (ValueError, RuntimeError, ImportError) as error:
        if "backend" not in str(error).lower():
            raise
        raise ParameterError(
            "this attention does not run here",
            where="attention",
            got=f"{name}: {str(error).splitlines()[0][:160]}",
            mend="Choose default, or install the package it needs.",
            code="diffusion.attention",
        ) from error


@contextmanager
def _caching(network: Any, cache: str, config: Any) -> Iterator[None]:
    network.enable_cache(config)
    try:
        if not _hooked(network):
            raise ParameterError(
                "this cache finds nothing to keep in the model",
                where="cache",
                got=f"{cache} on {type(network).__name__}",
                mend="Choose none, or another cache.",
                code="diffusion.cache",
            )
        yield
    finally:
        network.disable_cache()


def _config(cache: str, magnitudes: str | tuple[float, ...], steps: int) -> Any:
    diffusers = library("diffusers")
    if cache == "mag":
        if isinstance(magnitudes, str):
            module, _, name = magnitudes.partition(":")
            magnitudes = getattr(import_module(module), name)
        return diffusers.MagCacheConfig(mag_ratios=magnitudes, num_inference_steps=steps)
    if cache == "first-block":
        return diffusers.FirstBlockCacheConfig(threshold=_BLOCK_CHANGE)
    # By its defaults it matches nothing in some networks: the blocks' attention is named.
    return diffusers.TaylorSeerCacheConfig(cache_identifiers=[r".*blocks\.\d+\.attn\d?$"])


def _hooked(network: Any) -> bool:
    return any(
        getattr(module, "_diffusers_hook", None) is not None and module._diffusers_hook.hooks
        for module in network.modules()
    )
