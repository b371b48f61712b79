"""Long takes of networks that know short ones: overlapping parts are denoised together.

Invariant: in every step each frame's prediction is the weighted mean of those from all parts that
hold the frame, so the parts agree before the next step, and a take that fits into one part is
predicted as if this were not here.

Source: MultiDiffusion (Bar-Tal et al., ICML 2023), over time as in Gen-L-Video (Wang et al., 2023);
weights fall towards a part's ends as in Mixture of Diffusers (Jiménez, 2023).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

from farm import window_seed


def parts(frames: int, size: int, overlap: int) -> list[tuple[int, int]]:
    """First frame and frame after the last of each part; all of them ``size`` long if possible."""
    if frames <= size:
        return [(0, frames)]
    starts = [*range(0, frames - size, max(1, size - overlap)), frames - size]
    return [(start, start + size) for start in starts]


@contextmanager
def in_parts(network: Any, *, axis: int, size: int, overlap: int) -> Iterator[None]:
    """Inside, ``network`` sees at most ``size`` frames at once.

    axis : of its first argument, over which frames lie. Tensors among its named arguments whose
    first axis is batch times frames are cut likewise (embeddings, a ControlNet's residuals).
    """
    import torch

    whole, hooked = network.forward, "forward" in vars(network)

    def forward(sample: Any, *args: Any, return_dict: bool = True, **named: Any) -> Any:
        frames, batch = sample.shape[axis], sample.shape[0]
        cuts = parts(frames, size, overlap)
        if len(cuts) == 1:
            return whole(sample, *args, return_dict=return_dict, **named)

        def cut(value: Any, start: int, stop: int) -> Any:
            if isinstance(value, tuple | list):
                return type(value)(cut(item, start, stop) for item in value)
            if torch.is_tensor(value) and value.ndim > 1 and len(value) == batch * frames:
                return value.reshape(batch, frames, *value.shape[1:])[:, start:stop].flatten(0, 1)
            return value

        total, weights = None, torch.zeros(frames, device=sample.device)
        for start, stop in cuts:
            some = {name: cut(value, start, stop) for name, value in named.items()}
            part = sample.narrow(axis, start, stop - start)
            made = whole(part, *args, return_dict=False, **some)[0].float()
            ramp = torch.arange(stop - start, device=sample.device)
            weight = torch.minimum(ramp, ramp.flip(0)) + 1.0
            if total is None:
                total = made.new_zeros([*made.shape[:axis], frames, *made.shape[axis + 1 :]])
            total.narrow(axis, start, stop - start).add_(made * _along(weight, axis, made.ndim))
            weights[start:stop] += weight
        assert total is not None
        mean = (total / _along(weights, axis, total.ndim)).to(sample.dtype)
        return SimpleNamespace(sample=mean) if return_dict else (mean,)

    network.forward = forward
    try:
        yield
    finally:
        if hooked:
            network.forward = whole
        else:
            del network.forward


def _along(weights: Any, axis: int, dimensions: int) -> Any:
    return weights.view([-1 if place == axis else 1 for place in range(dimensions)])


def noise_of_frames(seed: int, start: int, stop: int, shape: tuple[int, int, int]) -> Any:
    """Noise (T, C, H, W) of frames ``start`` to ``stop`` of a film.

    A frame's noise is its own, so windows that share a frame begin it alike.
    """
    import torch

    return torch.stack(
        [
            torch.randn(shape, generator=torch.Generator("cpu").manual_seed(window_seed(seed, at)))
            for at in range(start, stop)
        ]
    )
