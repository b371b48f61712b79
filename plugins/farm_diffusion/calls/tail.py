"""The end of a window as the next one takes it over: frames as numbers, without loss.

Invariant: what is read is what was written, bit for bit, also beyond black and white: a model that
goes on from rounded frames would drift from one that never stopped.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from farm import InputError

if TYPE_CHECKING:
    from farm_diffusion.runtime.shot import Shot


def write_tail(path: Path, frames: Any) -> Path:
    """Write frames (T, C, H, W), a tensor of any float type, as safetensors."""
    from safetensors.torch import save_file

    save_file({"tail": frames.detach().cpu().contiguous()}, path)
    return path


def read_tail(path: Path, expected: int) -> Any:
    """The frames (T, C, H, W).

    Raises
    ------
    InputError : it is no tail, or not of ``expected`` frames.
    """
    from safetensors.torch import load_file

    frames = load_file(path).get("tail")
    if frames is None or frames.ndim != 4 or len(frames) != expected:
        raise InputError(
            "is not the end of the window before",
            where="tail",
            expected=f"{expected} frames",
            got="none" if frames is None else str(tuple(frames.shape)),
            mend="Render the window before again.",
            code="diffusion.tail",
        )
    return frames


def taken_over(shot: Shot) -> Any | None:
    """The tail of the window before; ``None`` in the first window."""
    window, overlap = shot.task.window, shot.task.params.overlap
    return read_tail(shot.given["tail"], overlap) if window.index else None


def handed_on(shot: Shot, tail: Any | None, fresh: Any) -> dict[str, Any]:
    """The window's ``frames`` (T, C, H, W), 0 to 1, and the ``tail`` for the next.

    They have eight bits: the next window goes on from what is seen.
    """
    import torch

    frames = (fresh.cpu().float() * 255).round() / 255
    if tail is not None:
        frames = torch.cat([tail, frames])
    return {"frames": frames, "tail": stored(shot, frames)}


def stored(shot: Shot, frames: Any) -> Path:
    """The window's last frames as the output ``tail``."""
    path: Path = shot.task.output("tail", ".safetensors")
    return write_tail(path, frames[-max(1, shot.task.params.overlap) :])


def as_pixels(frames: Any) -> Any:
    """uint8 (T, H, W, C) of frames (T, C, H, W), 0 to 1."""
    return (frames.float() * 255).round().byte().permute(0, 2, 3, 1).numpy()
