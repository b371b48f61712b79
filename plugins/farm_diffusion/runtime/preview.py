"""A rough picture of latents, to see early what becomes of them.

Invariant: it never changes what is made, and never fails a task: what cannot be shown is not shown.

A latent pixel's colour is nearly linear in its channels (the observation is K. Turner's, 2022, for
Stable Diffusion). Factors that a recipe does not name are measured: noise is decoded small, and the
colours are fitted to it by least squares.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from farm_diffusion.runtime.libraries import library
from farm_diffusion.sections import Preview

LONGEST = 384
"""Longer side of the picture that is shown."""
_SIDE = 8
_SPREAD = ("latents_mean", "latents_std")
_SCALES = ("vae_spatial_compression_ratio", "vae_scale_factor_spatial", "vae_scale_factor")


@dataclass(frozen=True, slots=True)
class Colours:
    """factors : float32 (channels + 1, 3), the last row is the bias; colours are -1 to 1."""

    factors: NDArray[np.float32]

    @property
    def channels(self) -> int:
        """Channels of the latents."""
        return len(self.factors) - 1


def named(preview: Preview) -> Colours:
    """The factors of a recipe."""
    return Colours(np.asarray([*preview.factors, preview.bias], np.float32))


def measured(vae: Any) -> Colours | None:
    """Factors of a VAE, from small noise that it decodes; ``None`` if it cannot be asked so."""
    torch = library("torch")
    config = vae.config
    channels = getattr(config, "z_dim", None) or getattr(config, "latent_channels", None)
    if not channels:
        return None
    try:
        first = next(vae.parameters())
        random = torch.Generator("cpu").manual_seed(0)
        # Noise of four pixels' grain: flat patches tell colours, not edges.
        rough = torch.randn(1, channels, _SIDE // 4, _SIDE // 4, generator=random)
        latents = torch.nn.functional.interpolate(rough, scale_factor=4, mode="nearest")
        latents = latents + 0.3 * torch.randn(latents.shape, generator=random)
        given = _raw(latents, vae).to(first.device, first.dtype)
        moment = torch.full((1,), 0.05, device=first.device, dtype=first.dtype)
        # A picture, a film, a film of a decoder that wants to know how long or how noisy it is.
        ways: Sequence[tuple[Any, dict[str, Any]]] = (
            (given, {}),
            (given[:, :, None], {}),
            (given, {"num_frames": 1}),
            (given[:, :, None], {"temb": moment}),
        )
        with torch.inference_mode():
            for shape, more in ways:
                try:
                    made = vae.decode(shape, return_dict=False, **more)[0]
                    break
                except (RuntimeError, ValueError, IndexError, TypeError, AttributeError):
                    continue
            else:
                return None
        picture = made.float().cpu().reshape(made.shape[0], made.shape[1], -1, *made.shape[-2:])
        small = torch.nn.functional.adaptive_avg_pool2d(picture[0, :3].mean(dim=1), _SIDE)
    except (RuntimeError, TypeError, ValueError, AttributeError):
        return None
    flat = latents[0].reshape(channels, -1).T.numpy()
    terms = np.concatenate([flat, np.ones((len(flat), 1))], axis=1)
    factors = np.linalg.lstsq(terms, small.reshape(3, -1).T.numpy(), rcond=1e-3)[0]
    return Colours(factors.astype(np.float32)) if np.isfinite(factors).all() else None


def _raw(latents: Any, vae: Any) -> Any:
    """Latents as a pipeline holds them, as its VAE takes them."""
    torch, config = library("torch"), vae.config
    scale = getattr(config, "scaling_factor", None) or 1.0
    # Some have them among their settings, others among their weights.
    given = [getattr(config, n, None) or getattr(vae, n, None) for n in _SPREAD]
    if all(value is not None and np.ndim(value) == 1 for value in given):
        mean, deviation = (torch.as_tensor(v).float().cpu().view(1, -1, 1, 1) for v in given)
        return latents * deviation / scale + mean
    return latents / scale + (getattr(config, "shift_factor", None) or 0.0)


def scale_of(pipe: Any) -> int:
    """Pixels of a side of one latent pixel; 0 where a pipeline does not say."""
    found = (getattr(pipe, name, None) for name in _SCALES)
    return next((value for value in found if isinstance(value, int)), 0)


def shown(latents: Any, colours: Colours, width: int, height: int, scale: int = 0) -> bytes | None:
    """A JPEG of latents: of a film its middle frame. width, height : of what is made. scale : see
    :func:`scale_of`.

    ``None`` for latents in a form that is not known: packed otherwise than in squares of 1 or 2.
    """
    plane = _plane(latents, colours.channels, width, height, scale)
    if plane is None or not np.isfinite(plane).all():
        return None
    flat = plane.reshape(colours.channels, -1).T
    signal = (flat @ colours.factors[:-1] + colours.factors[-1]).reshape(*plane.shape[1:], 3)
    pixels = np.clip((signal + 1) * 127.5, 0, 255).astype(np.uint8)
    image = library("PIL.Image").fromarray(pixels)
    scale = LONGEST / max(image.size)
    image = image.resize(tuple(max(1, round(side * scale)) for side in image.size))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=80)
    return file.getvalue()


def _plane(
    latents: Any, channels: int, width: int, height: int, scale: int
) -> NDArray[np.float32] | None:
    """float32 (channels, rows, columns) of the first film's middle frame."""
    values = latents[0].detach().float().cpu().numpy()
    if values.ndim == 4:
        if values.shape[0] == channels:
            return np.asarray(values[:, values.shape[1] // 2])
        return np.asarray(values[values.shape[0] // 2]) if values.shape[1] == channels else None
    if values.ndim == 3:
        return np.asarray(values) if values.shape[0] == channels else None
    if values.ndim != 2:
        return None
    # Tokens by (columns of squares): one latent pixel each, or four. A film has them frame by frame.
    patch = {channels: 1, channels * 4: 2}.get(values.shape[1], 0)
    aspect = width / height if height else 1.0
    side = scale * patch
    rows = height // side if side else round((len(values) / aspect) ** 0.5)
    columns = width // side if side else len(values) // max(1, rows)
    each = rows * columns
    if not patch or not each or len(values) % each:
        return None
    middle = len(values) // each // 2
    grid = values[middle * each :][:each].reshape(rows, columns, channels, patch, patch)
    return np.asarray(
        grid.transpose(2, 0, 3, 1, 4).reshape(channels, rows * patch, grid.shape[1] * patch)
    )
