"""SkyReels V2 with diffusion forcing, small: Wan's parts and a network of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

from tiny_weights import wan


def _built(name: str) -> Callable[[], Any]:
    def build() -> Any:
        import diffusers

        torch.manual_seed(0)
        network = diffusers.SkyReelsV2Transformer3DModel(
            patch_size=(1, 2, 2),
            num_attention_heads=2,
            attention_head_dim=12,
            in_channels=16,
            out_channels=16,
            text_dim=wan.TEXT,
            freq_dim=256,
            ffn_dim=32,
            num_layers=2,
            cross_attn_norm=True,
            qk_norm="rms_norm_across_heads",
            rope_max_seq_len=64,
        ).eval()
        return getattr(diffusers, name)(
            **wan.text(), transformer=network, vae=wan.vae(), scheduler=wan.unipc(8.0)
        )

    return build


BUILDERS: Mapping[str, Callable[[], Any]] = {
    "skyreels-df": _built("SkyReelsV2DiffusionForcingPipeline"),
}
"""By name, as ``tiny_weights.folder`` takes it."""
