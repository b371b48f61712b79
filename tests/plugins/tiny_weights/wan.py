"""Wan and what is built like it, small: 2.1, 2.2 with two experts, 5B, VACE, Animate, Animate-2.

Invariant: the parts have the shapes that the pipelines read from their configurations (latent
channels, mask channels, the length of image embeddings), so the real code paths run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

from tiny_weights import words

TEXT = 32
"""Width of a text embedding."""
_TRANSFORMER: Mapping[str, Any] = {
    "patch_size": (1, 2, 2),
    "num_attention_heads": 2,
    "attention_head_dim": 12,
    "text_dim": TEXT,
    "freq_dim": 32,
    "ffn_dim": 32,
    "num_layers": 2,
    "cross_attn_norm": True,
    "qk_norm": "rms_norm_across_heads",
    "rope_max_seq_len": 64,
    "out_channels": 16,
}


def text() -> dict[str, Any]:
    """Tokenizer and encoder."""
    from transformers import UMT5Config, UMT5EncoderModel

    tokenizer = words.t5()
    torch.manual_seed(0)
    encoder = UMT5EncoderModel(
        UMT5Config(
            vocab_size=len(tokenizer),
            d_model=TEXT,
            d_kv=8,
            d_ff=32,
            num_layers=1,
            num_heads=2,
            relative_attention_num_buckets=8,
            tie_word_embeddings=False,
        )
    )
    return {"tokenizer": tokenizer, "text_encoder": encoder.eval()}


def vae() -> Any:
    """16 latent channels, 8 times smaller, 4 times fewer frames."""
    from diffusers import AutoencoderKLWan

    torch.manual_seed(0)
    return AutoencoderKLWan(
        base_dim=4,
        z_dim=16,
        dim_mult=[1, 1, 1, 1],
        num_res_blocks=1,
        temperal_downsample=[False, True, True],
    ).eval()


def unipc(shift: float = 3.0) -> Any:
    """The scheduler that Wan comes with."""
    from diffusers import UniPCMultistepScheduler

    return UniPCMultistepScheduler(
        prediction_type="flow_prediction",
        use_flow_sigmas=True,
        num_train_timesteps=1000,
        flow_shift=shift,
    )


def eyes(side: int = 32, patch: int = 8) -> dict[str, Any]:
    """Image processor and encoder."""
    from transformers import CLIPImageProcessorPil, CLIPVisionConfig, CLIPVisionModel

    torch.manual_seed(0)
    encoder = CLIPVisionModel(
        CLIPVisionConfig(
            hidden_size=32,
            intermediate_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            image_size=side,
            patch_size=patch,
            projection_dim=32,
        )
    )
    processor = CLIPImageProcessorPil(
        size={"shortest_edge": side}, crop_size={"height": side, "width": side}
    )
    return {"image_processor": processor, "image_encoder": encoder.eval()}


NO_EYES: Mapping[str, Any] = {"image_processor": None, "image_encoder": None}
WITH_EYES: Mapping[str, Any] = {"image_dim": 32, "added_kv_proj_dim": 24}


def transformer(channels: int = 16, seed: int = 0, **values: Any) -> Any:
    """The network; ``channels`` go in."""
    from diffusers import WanTransformer3DModel

    torch.manual_seed(seed)
    return WanTransformer3DModel(**{**_TRANSFORMER, "in_channels": channels, **values}).eval()


def t2v() -> Any:
    """Wan 2.1 text to video."""
    from diffusers import WanPipeline

    return WanPipeline(**text(), vae=vae(), scheduler=unipc(), transformer=transformer())


def t2v_two_experts() -> Any:
    """Wan 2.2 text to video: one expert for much noise, one for little."""
    from diffusers import WanPipeline

    return WanPipeline(
        **text(),
        vae=vae(),
        scheduler=unipc(),
        transformer=transformer(seed=1),
        transformer_2=transformer(seed=2),
        boundary_ratio=0.875,
    )


def i2v() -> Any:
    """Wan 2.1 image to video: 36 channels, and the picture seen by CLIP."""
    from diffusers import WanImageToVideoPipeline

    return WanImageToVideoPipeline(
        **text(),
        **eyes(),
        vae=vae(),
        scheduler=unipc(),
        transformer=transformer(36, **WITH_EYES),
    )


def first_last() -> Any:
    """Wan 2.1 between a first and a last picture: both are seen, so twice the tokens."""
    from diffusers import WanImageToVideoPipeline

    return WanImageToVideoPipeline(
        **text(),
        **eyes(),
        vae=vae(),
        scheduler=unipc(),
        transformer=transformer(36, **WITH_EYES, pos_embed_seq_len=2 * (1 + 16)),
    )


def i2v_two_experts() -> Any:
    """Wan 2.2 image to video: no CLIP; the last picture is optional."""
    from diffusers import WanImageToVideoPipeline

    return WanImageToVideoPipeline(
        **text(),
        **NO_EYES,
        vae=vae(),
        scheduler=unipc(),
        transformer=transformer(36, seed=1),
        transformer_2=transformer(36, seed=2),
        boundary_ratio=0.9,
    )


def ti2v_5b() -> Any:
    """Wan 2.2 5B: latents 16 times smaller, and a noise level of its own for each token."""
    from diffusers import AutoencoderKLWan, WanImageToVideoPipeline

    torch.manual_seed(0)
    small = AutoencoderKLWan(
        base_dim=4,
        decoder_base_dim=4,
        z_dim=48,
        latents_mean=[0.0] * 48,
        latents_std=[1.0] * 48,
        dim_mult=[1, 1, 1, 1],
        num_res_blocks=1,
        temperal_downsample=[False, True, True],
        is_residual=True,
        patch_size=2,
        in_channels=12,
        out_channels=12,
        scale_factor_spatial=16,
        scale_factor_temporal=4,
    ).eval()
    return WanImageToVideoPipeline(
        **text(),
        **NO_EYES,
        vae=small,
        scheduler=unipc(),
        transformer=transformer(48, out_channels=48),
        transformer_2=None,
        boundary_ratio=None,
        expand_timesteps=True,
    )


def vace() -> Any:
    """VACE: a film, a mask and reference pictures steer it."""
    from diffusers import WanVACEPipeline, WanVACETransformer3DModel

    torch.manual_seed(1)
    network = WanVACETransformer3DModel(
        **_TRANSFORMER, in_channels=16, vace_layers=[0], vace_in_channels=96
    ).eval()
    return WanVACEPipeline(
        **text(), vae=vae(), scheduler=unipc(), transformer=network, transformer_2=None
    )


def animate() -> Any:
    """Wan-Animate: a picture moves, or takes a place, as a pose film and a face film say."""
    from diffusers import (
        FlowMatchEulerDiscreteScheduler,
        WanAnimatePipeline,
        WanAnimateTransformer3DModel,
    )

    torch.manual_seed(0)
    network = WanAnimateTransformer3DModel(
        **_TRANSFORMER,
        **WITH_EYES,
        in_channels=36,
        latent_channels=16,
        motion_encoder_channel_sizes={"4": 16, "8": 16, "16": 16},
        motion_encoder_size=16,
        motion_style_dim=8,
        motion_dim=4,
        motion_encoder_dim=16,
        face_encoder_hidden_dim=16,
        face_encoder_num_heads=2,
        inject_face_latents_blocks=2,
        motion_encoder_batch_size=4,
    ).eval()
    return WanAnimatePipeline(
        **text(),
        **eyes(),
        vae=vae(),
        scheduler=FlowMatchEulerDiscreteScheduler(shift=5.0),
        transformer=network,
    )


def animate_2(distilled: bool = False) -> Any:
    """Wan-Animate-2: the driving film itself, no poses; a pipeline of blocks."""
    import diffusers
    from diffusers import FlowMatchEulerDiscreteScheduler, WanAnimate2Transformer3DModel

    torch.manual_seed(0)
    # Its CLIP sees 224 pixels whatever it says; the network skips it, or CLIP had to be 1280 wide.
    network = WanAnimate2Transformer3DModel(
        in_dim=36,
        dim=48,
        ffn_dim=32,
        freq_dim=32,
        text_dim=TEXT,
        out_dim=16,
        num_heads=2,
        num_layers=2,
        text_len=16,
        use_img_emb=False,
    ).eval()
    name = f"WanAnimate2{'Distilled' if distilled else ''}ModularPipeline"
    pipeline = getattr(diffusers, name)()
    pipeline.update_components(
        **text(),
        image_encoder=eyes(224, 32)["image_encoder"],
        vae=vae(),
        transformer=network,
        scheduler=FlowMatchEulerDiscreteScheduler(shift=5.0),
    )
    return pipeline


BUILDERS: Mapping[str, Callable[[], Any]] = {
    "wan-t2v": t2v,
    "wan22-t2v": t2v_two_experts,
    "wan-i2v": i2v,
    "wan-flf": first_last,
    "wan22-i2v": i2v_two_experts,
    "wan22-ti2v-5b": ti2v_5b,
    "wan-vace": vace,
    "wan-animate": animate,
    "wan-animate-2": animate_2,
}
"""By name, as ``tiny_weights.folder`` takes it."""
