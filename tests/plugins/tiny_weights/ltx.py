"""LTX-Video and LTX-2, small.

Invariant: ratios between pixels and latents are those of the real models where a rule of frames or
sizes depends on them (LTX-2: 32 and 8).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

from tiny_weights import words

WIDTH = 16


def _text() -> dict[str, Any]:
    from transformers import T5Config, T5EncoderModel

    tokenizer = words.t5()
    torch.manual_seed(0)
    encoder = T5EncoderModel(
        T5Config(
            vocab_size=len(tokenizer), d_model=WIDTH, d_kv=8, d_ff=16, num_layers=1, num_heads=2
        )
    )
    return {"tokenizer": tokenizer, "text_encoder": encoder.eval()}


def _parts() -> dict[str, Any]:
    """Everything of LTX-Video: 32 times smaller, 8 times fewer frames."""
    from diffusers import (
        AutoencoderKLLTXVideo,
        FlowMatchEulerDiscreteScheduler,
        LTXVideoTransformer3DModel,
    )

    torch.manual_seed(0)
    scaling = (True, True, True, False)
    vae = AutoencoderKLLTXVideo(
        latent_channels=8,
        block_out_channels=(8, 8, 8, 8),
        decoder_block_out_channels=(8, 8, 8, 8),
        layers_per_block=(1, 1, 1, 1, 1),
        decoder_layers_per_block=(1, 1, 1, 1, 1),
        spatio_temporal_scaling=scaling,
        decoder_spatio_temporal_scaling=scaling,
        patch_size=4,
        patch_size_t=1,
        encoder_causal=True,
        decoder_causal=False,
    ).eval()
    network = LTXVideoTransformer3DModel(
        in_channels=8,
        out_channels=8,
        patch_size=1,
        patch_size_t=1,
        num_attention_heads=2,
        attention_head_dim=8,
        cross_attention_dim=WIDTH,
        num_layers=1,
        caption_channels=WIDTH,
    ).eval()
    scheduler = FlowMatchEulerDiscreteScheduler()
    return {**_text(), "vae": vae, "transformer": network, "scheduler": scheduler}


def _second() -> dict[str, Any]:
    """Everything of LTX-2: films with their sound."""
    from diffusers import (
        AutoencoderKLLTX2Audio,
        AutoencoderKLLTX2Video,
        FlowMatchEulerDiscreteScheduler,
        LTX2VideoTransformer3DModel,
    )
    from diffusers.pipelines.ltx2 import LTX2TextConnectors, LTX2Vocoder
    from transformers import Gemma3Config, Gemma3ForConditionalGeneration

    torch.manual_seed(0)
    encoder = Gemma3ForConditionalGeneration(
        Gemma3Config(
            text_config={
                "vocab_size": 512,
                "hidden_size": WIDTH,
                "intermediate_size": 16,
                "num_hidden_layers": 2,
                "num_attention_heads": 2,
                "num_key_value_heads": 1,
                "head_dim": 8,
                "query_pre_attn_scalar": 8,
                "sliding_window": 32,
                "max_position_embeddings": 512,
                "layer_types": ["sliding_attention", "full_attention"],
                "pad_token_id": 0,
                "eos_token_id": 1,
                "bos_token_id": 2,
            },
            vision_config={
                "model_type": "siglip_vision_model",
                "hidden_size": 8,
                "intermediate_size": 8,
                "num_hidden_layers": 1,
                "num_attention_heads": 2,
                "image_size": 16,
                "patch_size": 8,
            },
            mm_tokens_per_image=1,
            boi_token_index=500,
            eoi_token_index=501,
            image_token_index=502,
        )
    ).eval()
    connectors = LTX2TextConnectors(
        caption_channels=WIDTH,
        text_proj_in_factor=3,
        video_connector_num_attention_heads=2,
        video_connector_attention_head_dim=8,
        video_connector_num_layers=1,
        video_connector_num_learnable_registers=4,
        audio_connector_num_attention_heads=2,
        audio_connector_attention_head_dim=8,
        audio_connector_num_layers=1,
        audio_connector_num_learnable_registers=4,
        connector_rope_base_seq_len=32,
        rope_double_precision=False,
    ).eval()
    network = LTX2VideoTransformer3DModel(
        in_channels=4,
        out_channels=4,
        num_attention_heads=2,
        attention_head_dim=8,
        cross_attention_dim=WIDTH,
        audio_in_channels=16,
        audio_out_channels=16,
        audio_num_attention_heads=2,
        audio_attention_head_dim=4,
        audio_cross_attention_dim=8,
        num_layers=2,
        caption_channels=WIDTH,
        rope_double_precision=False,
        use_keyframes_abs_pos_embedding=True,
        vae_scale_factors=(8, 32, 32),
    ).eval()
    # The ratio that it computes itself (64) is wrong for these blocks.
    vae = AutoencoderKLLTX2Video(
        latent_channels=4,
        block_out_channels=(8, 8, 8, 8),
        decoder_block_out_channels=(8, 16, 32),
        layers_per_block=(1, 1, 1, 1, 1),
        decoder_layers_per_block=(1, 1, 1, 1),
        spatial_compression_ratio=32,
        temporal_compression_ratio=8,
    ).eval()
    # base_channels is latent_channels * mel_bins / 4: the statistics are kept per packed channel.
    audio_vae = AutoencoderKLLTX2Audio(
        base_channels=16, latent_channels=4, mel_bins=16, ch_mult=(1, 2, 4), num_res_blocks=1
    ).eval()
    vocoder = LTX2Vocoder(
        in_channels=32,
        hidden_channels=16,
        upsample_kernel_sizes=[16, 15, 4],
        upsample_factors=[8, 10, 2],
        resnet_kernel_sizes=[3],
        resnet_dilations=[[1]],
        output_sampling_rate=16000,
    ).eval()
    return {
        "scheduler": FlowMatchEulerDiscreteScheduler(),
        "vae": vae,
        "audio_vae": audio_vae,
        "text_encoder": encoder,
        "tokenizer": words.gemma(),
        "connectors": connectors,
        "transformer": network,
        "vocoder": vocoder,
    }


def _built(name: str, parts: Callable[[], dict[str, Any]]) -> Callable[[], Any]:
    def build() -> Any:
        import diffusers

        return getattr(diffusers, name)(**parts())

    return build


BUILDERS: Mapping[str, Callable[[], Any]] = {
    "ltx": _built("LTXPipeline", _parts),
    "ltx-i2v": _built("LTXImageToVideoPipeline", _parts),
    "ltx-condition": _built("LTXConditionPipeline", _parts),
    "ltx-2": _built("LTX2Pipeline", _second),
    "ltx-2-i2v": _built("LTX2ImageToVideoPipeline", _second),
    "ltx-2-dfr": _built("LTX2DFRPipeline", _second),
}
"""By name, as ``tiny_weights.folder`` takes it."""
