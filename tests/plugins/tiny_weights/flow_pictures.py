"""Pictures by transformers that learned a flow, small: Flux and Qwen-Image."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

from tiny_weights import stable_diffusion, words


def _flux() -> dict[str, Any]:
    from diffusers import FlowMatchEulerDiscreteScheduler, FluxTransformer2DModel
    from transformers import T5Config, T5EncoderModel

    tokenizer, encoder = stable_diffusion.text(projection_dim=32)
    other = words.t5()
    torch.manual_seed(0)
    long = T5EncoderModel(
        T5Config(vocab_size=len(other), d_model=32, d_kv=8, d_ff=32, num_layers=1, num_heads=2)
    ).eval()
    network = FluxTransformer2DModel(
        patch_size=1,
        in_channels=4,
        num_layers=1,
        num_single_layers=1,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=32,
        pooled_projection_dim=32,
        guidance_embeds=True,
        axes_dims_rope=(4, 4, 8),
    ).eval()
    small = stable_diffusion.vae(
        latent_channels=1, use_quant_conv=False, use_post_quant_conv=False,
        shift_factor=0.0609, scaling_factor=1.5035,
    )  # fmt: skip
    return {
        "tokenizer": tokenizer,
        "text_encoder": encoder,
        "tokenizer_2": other,
        "text_encoder_2": long,
        "vae": small,
        "transformer": network,
        "scheduler": FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True),
    }


def flux() -> Any:
    """Flux."""
    from diffusers import FluxPipeline

    return FluxPipeline(**_flux())


def _qwen_text() -> tuple[Any, Any]:
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    tokenizer = words.qwen()
    number = {mark: tokenizer.convert_tokens_to_ids(mark) for mark in words.QWEN_MARKS}
    end = tokenizer.convert_tokens_to_ids("<|endoftext|>")
    torch.manual_seed(0)
    config = Qwen2_5_VLConfig(
        text_config={
            "hidden_size": 16,
            "intermediate_size": 16,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": 2,
            "vocab_size": len(tokenizer),
            "rope_parameters": {
                "rope_type": "default", "mrope_section": [1, 1, 2], "rope_theta": 1e6,
            },
            "max_position_embeddings": 2048,
            "bos_token_id": end,
            "eos_token_id": number["<|im_end|>"],
            "pad_token_id": end,
        },
        vision_config={
            "depth": 2,
            "hidden_size": 16,
            "intermediate_size": 16,
            "num_heads": 2,
            "out_hidden_size": 16,
            "patch_size": 14,
            "spatial_merge_size": 2,
            "temporal_patch_size": 2,
            "fullatt_block_indexes": [1],
            "window_size": 56,
        },
        vision_start_token_id=number["<|vision_start|>"],
        vision_end_token_id=number["<|vision_end|>"],
        image_token_id=number["<|image_pad|>"],
        video_token_id=number["<|video_pad|>"],
    )  # fmt: skip
    return tokenizer, Qwen2_5_VLForConditionalGeneration(config).eval()


def _qwen(*, colours: int = 3, **network: Any) -> dict[str, Any]:
    from diffusers import (
        AutoencoderKLQwenImage,
        FlowMatchEulerDiscreteScheduler,
        QwenImageTransformer2DModel,
    )

    tokenizer, encoder = _qwen_text()
    torch.manual_seed(0)
    # Its latents must not have as many channels as a picture: such a tensor is taken for latents.
    small = AutoencoderKLQwenImage(
        base_dim=4,
        z_dim=16,
        dim_mult=[1, 1, 1, 1],
        num_res_blocks=1,
        temperal_downsample=[False, True, True],
        input_channels=colours,
    ).eval()
    transformer = QwenImageTransformer2DModel(
        patch_size=2,
        in_channels=64,
        out_channels=16,
        num_layers=2,
        attention_head_dim=16,
        num_attention_heads=2,
        joint_attention_dim=16,
        guidance_embeds=False,
        axes_dims_rope=(8, 4, 4),
        **network,
    ).eval()
    scheduler = FlowMatchEulerDiscreteScheduler(
        use_dynamic_shifting=True,
        base_shift=0.5,
        max_shift=0.9,
        base_image_seq_len=256,
        max_image_seq_len=8192,
        shift_terminal=0.02,
    )
    return {
        "tokenizer": tokenizer,
        "text_encoder": encoder,
        "vae": small,
        "transformer": transformer,
        "scheduler": scheduler,
    }


def _processor(tokenizer: Any) -> Any:
    """Reads pictures for the text encoder."""
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

    from farm_diffusion.runtime.qwen_processor import picture_processor

    pictures = Qwen2VLImageProcessorPil(size={"shortest_edge": 28 * 28, "longest_edge": 56 * 56})
    return picture_processor(pictures, tokenizer, words.CHAT)


def qwen_image() -> Any:
    """Qwen-Image."""
    from diffusers import QwenImagePipeline

    return QwenImagePipeline(**_qwen())


def qwen_image_edit() -> Any:
    """Qwen-Image Edit Plus: pictures and an instruction."""
    from diffusers import QwenImageEditPlusPipeline

    parts = _qwen()
    return QwenImageEditPlusPipeline(**parts, processor=_processor(parts["tokenizer"]))


def qwen_image_layered() -> Any:
    """Qwen-Image Layered: a picture apart."""
    from diffusers import QwenImageLayeredPipeline

    parts = _qwen(colours=4, use_additional_t_cond=True, use_layer3d_rope=True)
    return QwenImageLayeredPipeline(**parts, processor=_processor(parts["tokenizer"]))


BUILDERS: Mapping[str, Callable[[], Any]] = {
    "flux": flux,
    "qwen-image": qwen_image,
    "qwen-image-edit": qwen_image_edit,
    "qwen-image-layered": qwen_image_layered,
}
"""By name, as ``tiny_weights.folder`` takes it."""
