"""HunyuanVideo 1.5 and FramePack, small."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

from tiny_weights import words


def _first_parts() -> dict[str, Any]:
    from diffusers import (
        AutoencoderKLHunyuanVideo15,
        ClassifierFreeGuidance,
        FlowMatchEulerDiscreteScheduler,
        HunyuanVideo15Transformer3DModel,
    )
    from transformers import (
        ByT5Tokenizer,
        Qwen2_5_VLTextConfig,
        Qwen2_5_VLTextModel,
        T5Config,
        T5EncoderModel,
    )

    tokenizer = words.qwen()
    torch.manual_seed(0)
    encoder = Qwen2_5_VLTextModel(
        Qwen2_5_VLTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=16,
            intermediate_size=16,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=2,
            rope_scaling={
                "mrope_section": [1, 1, 2],
                "rope_type": "default",
                "type": "default",
                "rope_theta": 1000000.0,
            },
            pad_token_id=0,
        )
    ).eval()
    glyphs = ByT5Tokenizer()
    glyph_encoder = T5EncoderModel(
        T5Config(vocab_size=len(glyphs), d_model=8, d_kv=4, d_ff=8, num_layers=1, num_heads=2)
    ).eval()
    network = HunyuanVideo15Transformer3DModel(
        in_channels=9,
        out_channels=4,
        num_attention_heads=2,
        attention_head_dim=8,
        num_layers=1,
        num_refiner_layers=1,
        mlp_ratio=2.0,
        patch_size=1,
        patch_size_t=1,
        text_embed_dim=16,
        text_embed_2_dim=8,
        image_embed_dim=8,
        rope_axes_dim=(2, 2, 4),
        target_size=32,
    ).eval()
    vae = AutoencoderKLHunyuanVideo15(
        latent_channels=4,
        block_out_channels=(8, 8, 8, 8, 8),
        layers_per_block=1,
        spatial_compression_ratio=16,
        temporal_compression_ratio=4,
        downsample_match_channel=False,
        upsample_match_channel=False,
    ).eval()
    return {
        "text_encoder": encoder,
        "tokenizer": tokenizer,
        "text_encoder_2": glyph_encoder,
        "tokenizer_2": glyphs,
        "transformer": network,
        "vae": vae,
        "scheduler": FlowMatchEulerDiscreteScheduler(shift=7.0),
        "guider": ClassifierFreeGuidance(guidance_scale=6.0),
    }


def t2v() -> Any:
    """HunyuanVideo 1.5 text to video."""
    from diffusers import HunyuanVideo15Pipeline

    return HunyuanVideo15Pipeline(**_first_parts())


def _siglip(side: int, patch: int) -> dict[str, Any]:
    from transformers import SiglipImageProcessorPil, SiglipVisionConfig, SiglipVisionModel

    torch.manual_seed(0)
    encoder = SiglipVisionModel(
        SiglipVisionConfig(
            hidden_size=8,
            num_hidden_layers=2,
            num_attention_heads=2,
            intermediate_size=16,
            image_size=side,
            patch_size=patch,
        )
    ).eval()
    processor = SiglipImageProcessorPil(size={"height": side, "width": side})
    return {"image_encoder": encoder, "feature_extractor": processor}


def i2v() -> Any:
    """HunyuanVideo 1.5 image to video; its eyes see 27 x 27 patches."""
    from diffusers import HunyuanVideo15ImageToVideoPipeline

    return HunyuanVideo15ImageToVideoPipeline(**_first_parts(), **_siglip(54, 2))


def framepack() -> Any:
    """FramePack: a long film from a picture, the far past kept ever smaller."""
    from diffusers import (
        AutoencoderKLHunyuanVideo,
        FlowMatchEulerDiscreteScheduler,
        HunyuanVideoFramepackPipeline,
        HunyuanVideoFramepackTransformer3DModel,
    )
    from transformers import CLIPTextConfig, CLIPTextModel, LlamaConfig, LlamaModel

    tokenizer, second = words.qwen(), words.clip()
    torch.manual_seed(0)
    encoder = LlamaModel(
        LlamaConfig(
            hidden_size=16,
            intermediate_size=37,
            num_attention_heads=4,
            num_hidden_layers=4,
            vocab_size=len(tokenizer),
            pad_token_id=0,
            max_position_embeddings=1024,
        )
    ).eval()
    pooled = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(second),
            hidden_size=8,
            intermediate_size=37,
            num_hidden_layers=2,
            num_attention_heads=4,
            max_position_embeddings=77,
            projection_dim=32,
            bos_token_id=second.bos_token_id,
            eos_token_id=second.eos_token_id,
        )
    ).eval()
    network = HunyuanVideoFramepackTransformer3DModel(
        in_channels=4,
        out_channels=4,
        num_attention_heads=2,
        attention_head_dim=10,
        num_layers=1,
        num_single_layers=1,
        num_refiner_layers=1,
        patch_size=2,
        patch_size_t=1,
        guidance_embeds=True,
        text_embed_dim=16,
        pooled_projection_dim=8,
        rope_axes_dim=(2, 4, 4),
        image_condition_type=None,
        has_image_proj=True,
        image_proj_dim=8,
        has_clean_x_embedder=True,
    ).eval()
    vae = AutoencoderKLHunyuanVideo(
        latent_channels=4,
        down_block_types=("HunyuanVideoDownBlock3D",) * 4,
        up_block_types=("HunyuanVideoUpBlock3D",) * 4,
        block_out_channels=(8,) * 4,
        layers_per_block=1,
        norm_num_groups=4,
        scaling_factor=0.476986,
        spatial_compression_ratio=8,
        temporal_compression_ratio=4,
        mid_block_add_attention=True,
    ).eval()
    return HunyuanVideoFramepackPipeline(
        text_encoder=encoder,
        tokenizer=tokenizer,
        text_encoder_2=pooled,
        tokenizer_2=second,
        transformer=network,
        vae=vae,
        scheduler=FlowMatchEulerDiscreteScheduler(shift=7.0),
        **_siglip(30, 15),
    )


BUILDERS: Mapping[str, Callable[[], Any]] = {
    "hunyuan-15": t2v,
    "hunyuan-15-i2v": i2v,
    "framepack": framepack,
}
"""By name, as ``tiny_weights.folder`` takes it."""
