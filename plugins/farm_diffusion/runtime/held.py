"""Components in the engine's cache, and where their weights are.

Invariant: between tasks a component has the numbers, the place and no hooks but those of its place, as
when it was loaded; whatever a task did to it was undone.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from farm import InputError, MissingExtra
from farm_diffusion.runtime.libraries import library
from farm_diffusion.runtime.parts import Part


class Held:
    """A network and its place: ``full`` (on the device), ``model`` (in memory, others move it),
    ``group`` and ``sequential`` (in memory, and it brings its own weights to the device)."""

    def __init__(self, module: Any, precision: str, device: str) -> None:
        self.module = module
        self.precision = precision
        self._device = device
        self._place = "model"
        self._dtypes = _dtypes(module)

    def bring(self, place: str) -> None:
        """Put the weights where a way to run wants them before it starts."""
        if place == self._place:
            return
        if self._place in ("group", "sequential"):
            _stop_streaming(self.module)
        self._place = "model"
        self.module.to("cpu")
        if place == "full":
            self.module.to(self._device)
        elif place in ("group", "sequential"):
            _stream(self.module, self._device, place)
        self._place = place

    def settle(self) -> None:
        """Undo what a pipeline may have done to it: other numbers for a while, another place."""
        if self._place in ("full", "model"):
            place = self._device if self._place == "full" else "cpu"
            if _place_differs(self.module, place):
                self.module.to(place)
        if self._dtypes is not None and _dtypes(self.module) != self._dtypes:
            self.module.to(self._dtypes)

    def park(self) -> None:
        """Off the device."""
        self.bring("model")

    def wake(self) -> None:
        """On to the device."""
        self.bring("full")


def load(part: Part, precision: str, *, backbone: bool, device: str) -> Held:
    """A network from its files, in memory. Raises InputError, MissingExtra."""
    torch = library("torch")
    small = precision in ("fp8", "int8", "gguf")
    computed = ("float32" if device == "cpu" else "bfloat16") if small else precision
    dtype = getattr(torch, computed)
    if backbone and precision == "gguf":
        return Held(_from_gguf(part, dtype), precision, device)
    settings: dict[str, Any] = {"local_files_only": True, "use_safetensors": True}
    settings["torch_dtype" if part.kind.__module__.startswith("diffusers") else "dtype"] = dtype
    if backbone and precision == "int8":
        settings["quantization_config"] = _int8()
    settings |= _variant(part.folder)
    module = part.kind.from_pretrained(str(part.folder), **settings).eval()
    module.requires_grad_(False)
    if device == "cpu":
        _align(module)
    if backbone and precision == "fp8":
        module.enable_layerwise_casting(storage_dtype=torch.float8_e4m3fn, compute_dtype=dtype)
    return Held(module, precision, device)


def _align(module: Any) -> None:
    """Put numbers where torch itself would: a file's are read to wherever they happen to begin, and
    sums differ in the last bit by that."""
    for tensor in (*module.parameters(), *module.buffers()):
        if tensor.data_ptr() % 64:
            tensor.data = tensor.data.clone()


def is_network(part: Part) -> bool:
    """Whether a component has weights, or only settings."""
    return issubclass(part.kind, library("torch").nn.Module)


def _variant(folder: Path) -> dict[str, str]:
    """``{"variant": "fp16"}`` where a component exists in that variant only."""
    names = [file.name for file in folder.glob("*.safetensors")]
    marked = [name for name in names if ".fp16" in name]
    return {"variant": "fp16"} if marked and len(marked) == len(names) else {}


def _int8() -> Any:
    try:
        from torchao.quantization import Int8WeightOnlyConfig
    except ImportError as error:
        raise _missing("torchao", "int8") from error
    return library("diffusers").TorchAoConfig(Int8WeightOnlyConfig())


def _from_gguf(part: Part, dtype: Any) -> Any:
    files = sorted(part.folder.glob("*.gguf"))
    if len(files) != 1:
        raise InputError(
            "has not one GGUF file",
            where=part.name,
            got=str(len(files)),
            mend="Choose another precision, or a model whose backbone is a GGUF file.",
            code="diffusion.no-gguf",
        )
    try:
        library("gguf")
    except MissingExtra as error:
        raise _missing("gguf", "gguf") from error
    return part.kind.from_single_file(
        str(files[0]),
        quantization_config=library("diffusers").GGUFQuantizationConfig(compute_dtype=dtype),
        config=str(part.folder),
        torch_dtype=dtype,
        local_files_only=True,
    ).eval()


def _missing(package: str, precision: str) -> MissingExtra:
    return MissingExtra(
        f"the package {package} is not installed",
        where=f"precision {precision}",
        mend=f"pip install {package}, or choose another precision.",
        code="extra.models",
    )


def _stream(module: Any, device: str, place: str) -> None:
    """Let it bring its weights to the device by itself, group by group or layer by layer."""
    torch = library("torch")
    from diffusers.hooks import apply_group_offloading

    card = device.startswith("cuda")
    settings: Mapping[str, Any] = {"offload_type": "leaf_level"}
    blocks = isinstance(module, library("diffusers").ModelMixin) and _has_blocks(module)
    if place == "group" and blocks:
        settings = {"offload_type": "block_level", "num_blocks_per_group": 1, "use_stream": card}
    apply_group_offloading(
        module, onload_device=torch.device(device), offload_device=torch.device("cpu"), **settings
    )


def _has_blocks(module: Any) -> bool:
    kinds = library("torch").nn.ModuleList
    return any(isinstance(child, kinds) for child in module.children())


def _stop_streaming(module: Any) -> None:
    from diffusers.hooks import HookRegistry

    registry = HookRegistry.check_if_exists_or_initialize(module)
    for name in ("group_offloading", "layer_execution_tracker", "lazy_prefetch_group_offloading"):
        registry.remove_hook(name, recurse=True)


def _dtypes(module: Any) -> Any:
    """The one type of its numbers, or ``None`` where it has several (which are left alone)."""
    found = {tensor.dtype for tensor in module.parameters() if tensor.is_floating_point()}
    return found.pop() if len(found) == 1 else None


def _place_differs(module: Any, device: str) -> bool:
    torch = library("torch")
    wanted = torch.device(device)
    return any(
        tensor.device.type != wanted.type
        or (wanted.index is not None and tensor.device.index != wanted.index)
        for tensor in module.parameters()
    )


def drop_hooks(pipe: Any) -> None:
    """Take what a pipeline hung on its components off again."""
    if getattr(pipe, "_all_hooks", None):
        pipe.remove_all_hooks()
