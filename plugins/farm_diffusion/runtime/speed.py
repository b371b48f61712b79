"""Switches that make a run faster: attention back ends, and caches between steps.

Invariant: a switch is off again when the task ends, however it ends: back ends are process-wide, and a
cache that is left on changes the next job's pictures.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from farm import ParameterError
from farm_diffusion.runtime.libraries import library

_BLOCK_CHANGE = 0.08
"""First-block cache: the other blocks are skipped while the first one's output changes by less."""


@contextmanager
def switched(pipe: Any, attention: str, cache: str, backbone: tuple[str, ...]) -> Iterator[None]:
    """Inside, the switches are on. attention, cache : empty for none."""
    with ExitStack() as stack:
        if attention not in ("", "default"):
            stack.enter_context(_attending(attention))
        if cache:
            for name in backbone:
                network = getattr(pipe, name, None)
                if network is not None:
                    stack.enter_context(_caching(network, cache))
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
def _caching(network: Any, cache: str) -> Iterator[None]:
    network.enable_cache(_config(cache))
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


def _config(cache: str) -> Any:
    diffusers = library("diffusers")
    if cache == "first-block":
        return diffusers.FirstBlockCacheConfig(threshold=_BLOCK_CHANGE)
    # By its defaults it matches nothing in some networks: the blocks' attention is named.
    return diffusers.TaylorSeerCacheConfig(cache_identifiers=[r".*blocks\.\d+\.attn\d?$"])


def _hooked(network: Any) -> bool:
    return any(
        getattr(module, "_diffusers_hook", None) is not None and module._diffusers_hook.hooks
        for module in network.modules()
    )
