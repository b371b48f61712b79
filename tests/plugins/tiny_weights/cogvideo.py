"""CogVideoX, small."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

from tiny_weights import words


def _parts(channels: int) -> dict[str, Any]:
    from diffusers import (
        AutoencoderKLCogVideoX,
        CogVideoXDPMScheduler,
        CogVideoXTransformer3DModel,
    )
    from transformers import T5Config, T5EncoderModel

    tokenizer = words.t5()
    torch.manual_seed(0)
    encoder = T5EncoderModel(
        T5Config(vocab_size=len(tokenizer), d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2)
    ).eval()
    network = CogVideoXTransformer3DModel(
        num_attention_heads=2,
        attention_head_dim=16,
        in_channels=channels,
        out_channels=4,
        time_embed_dim=4,
        text_embed_dim=16,
        num_layers=1,
        sample_width=4,
        sample_height=4,
        sample_frames=9,
        patch_size=2,
        temporal_compression_ratio=4,
        max_text_seq_length=16,
        use_rotary_positional_embeddings=True,
    ).eval()
    vae = AutoencoderKLCogVideoX(
        down_block_types=("CogVideoXDownBlock3D",) * 4,
        up_block_types=("CogVideoXUpBlock3D",) * 4,
        block_out_channels=(8, 8, 8, 8),
        latent_channels=4,
        layers_per_block=1,
        norm_num_groups=2,
        temporal_compression_ratio=4,
    ).eval()
    scheduler = CogVideoXDPMScheduler(
        beta_schedule="scaled_linear",
        beta_start=0.00085,
        beta_end=0.012,
        prediction_type="v_prediction",
        rescale_betas_zero_snr=True,
        timestep_spacing="trailing",
    )
    return {
        "tokenizer": tokenizer,
        "text_encoder": encoder,
        "transformer": network,
        "vae": vae,
        "scheduler": scheduler,
    }


def t2v() -> Any:
    """CogVideoX 5B text to video."""
    from diffusers import CogVideoXPipeline

    return CogVideoXPipeline(**_parts(4))


def i2v() -> Any:
    """CogVideoX 5B image to video: the picture's latents are channels of the network."""
    from diffusers import CogVideoXImageToVideoPipeline

    return CogVideoXImageToVideoPipeline(**_parts(8))


BUILDERS: Mapping[str, Callable[[], Any]] = {"cogvideox": t2v, "cogvideox-i2v": i2v}
"""By name, as ``tiny_weights.folder`` takes it."""
