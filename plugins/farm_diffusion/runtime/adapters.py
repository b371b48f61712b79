"""LoRA adapters on a warm pipeline: put on for a task, taken off after it.

Invariant: however a task ends, its networks are without any adapter afterwards, and give the same
numbers as before.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from farm import InputError, MissingExtra, Task
from farm_diffusion.choices import Adapter, RecipeParams
from farm_diffusion.runtime.libraries import library


@contextmanager
def wearing(task: Task[RecipeParams], pipe: Any) -> Iterator[None]:
    """Inside, the pipeline has the adapters that the parameters name, in their weights.

    Raises
    ------
    InputError : a model is no adapter for this pipeline.
    """
    adapters: tuple[Adapter, ...] = getattr(task.params, "loras", ())
    if not adapters:
        yield
        return
    _need_peft()
    names = [f"adapter_{number}" for number in range(len(adapters))]
    try:
        for name, adapter in zip(names, adapters, strict=True):
            _put_on(task, pipe, name, adapter)
        pipe.set_adapters(names, [adapter.weight for adapter in adapters])
        yield
    finally:
        pipe.unload_lora_weights()


def _put_on(task: Task[RecipeParams], pipe: Any, name: str, adapter: Adapter) -> None:
    file = _file(task.models.files(adapter.model), adapter.model)
    load_file = library("safetensors.torch").load_file
    second = {"load_into_transformer_2": True} if adapter.second else {}
    try:
        # Read here, not by name: a pipeline would look for other files, pickles among them. Copied,
        # because sums differ in the last bit by where in memory numbers begin.
        weights = {key: value.clone() for key, value in load_file(str(file)).items()}
        pipe.load_lora_weights(weights, adapter_name=name, **second)
    except (ValueError, KeyError, RuntimeError, TypeError) as error:
        raise _unfit(adapter.model, str(error).splitlines()[0][:200]) from error
    fitted = pipe.get_list_adapters()
    if not any(name in found for found in fitted.values()):
        raise _unfit(adapter.model, "none of its keys is one of this pipeline")


def _file(folder: Path, model: str) -> Path:
    files = sorted(folder.rglob("*.safetensors"))
    if len(files) != 1:
        raise InputError(
            "is no adapter",
            where=f"loras: {model}",
            expected="a model of one safetensors file",
            got=f"{len(files)} of them",
            code="diffusion.lora",
        )
    return files[0]


def _unfit(model: str, got: str) -> InputError:
    return InputError(
        "does not fit this pipeline",
        where=f"loras: {model}",
        expected="an adapter that was made for its backbone",
        got=got,
        mend="Name another adapter, or another model.",
        code="diffusion.lora",
    )


def _need_peft() -> None:
    try:
        library("peft")
    except MissingExtra as error:
        raise MissingExtra(
            "the package peft is not installed",
            where="loras",
            mend="pip install peft",
            code="extra.models",
        ) from error
