"""Pictures by U-Nets, small: Stable Diffusion 1.5 and XL with what steers and enlarges them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch

from tiny_weights import words

WIDTH = 32


def text(kind: str = "CLIPTextModel", **more: Any) -> tuple[Any, Any]:
    """A tokenizer and a text encoder of a class of transformers."""
    import transformers

    tokenizer = words.clip()
    torch.manual_seed(0)
    config = transformers.CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=WIDTH,
        intermediate_size=37,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=77,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=1,
        **more,
    )
    return tokenizer, getattr(transformers, kind)(config).eval()


def vae(**more: Any) -> Any:
    """An autoencoder that halves a picture."""
    from diffusers import AutoencoderKL

    torch.manual_seed(0)
    return AutoencoderKL(
        **{
            "latent_channels": 4,
            "block_out_channels": (8, 16),
            "norm_num_groups": 4,
            "down_block_types": ("DownEncoderBlock2D",) * 2,
            "up_block_types": ("UpDecoderBlock2D",) * 2,
            "sample_size": 128,
            **more,
        }
    ).eval()


def unet(**more: Any) -> Any:
    """A network in two steps of resolution."""
    from diffusers import UNet2DConditionModel

    torch.manual_seed(0)
    return UNet2DConditionModel(
        **{
            "block_out_channels": (8, 16),
            "layers_per_block": 2,
            "sample_size": 8,
            "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
            "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
            "cross_attention_dim": WIDTH,
            "attention_head_dim": 2,
            "norm_num_groups": 4,
            **more,
        }
    ).eval()


def control(**more: Any) -> Any:
    """What reads the picture that steers."""
    from diffusers import ControlNetModel

    torch.manual_seed(0)
    network = ControlNetModel(
        **{
            "block_out_channels": (8, 16),
            "layers_per_block": 2,
            "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
            "conditioning_embedding_out_channels": (8, 16),
            "cross_attention_dim": WIDTH,
            "norm_num_groups": 4,
            "attention_head_dim": 2,
            **more,
        }
    ).eval()
    # What is new begins as zero, so that training starts from what was there; it would not steer.
    with torch.no_grad():
        for numbers in network.parameters():
            if not numbers.any():
                numbers.normal_(std=0.2)
    return network


def steps(kind: str = "DDIMScheduler", **more: Any) -> Any:
    """A scheduler with the noise of Stable Diffusion."""
    import diffusers

    return getattr(diffusers, kind)(
        beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", **more
    )


def _parts() -> dict[str, Any]:
    tokenizer, encoder = text()
    return {
        "tokenizer": tokenizer,
        "text_encoder": encoder,
        "vae": vae(),
        "unet": unet(),
        "scheduler": steps(clip_sample=False, set_alpha_to_one=False, steps_offset=1),
        "safety_checker": None,
        "feature_extractor": None,
    }


def sd15() -> Any:
    """Stable Diffusion 1.5."""
    from diffusers import StableDiffusionPipeline

    return StableDiffusionPipeline(**_parts(), requires_safety_checker=False)


def sd15_control() -> Any:
    """The same, steered by a picture."""
    from diffusers import StableDiffusionControlNetPipeline

    return StableDiffusionControlNetPipeline(
        **_parts(), controlnet=control(), requires_safety_checker=False
    )


def gligen() -> Any:
    """The same, with things in boxes."""
    from diffusers import StableDiffusionGLIGENPipeline

    parts = {**_parts(), "unet": unet(attention_type="gated")}
    return StableDiffusionGLIGENPipeline(**parts, requires_safety_checker=False)


def upscaler() -> Any:
    """Stable Diffusion's upscaler by four: its network is given the small picture with the noise."""
    from diffusers import StableDiffusionUpscalePipeline

    parts = _parts()
    del parts["safety_checker"], parts["feature_extractor"]
    # Three steps of resolution: what it decodes is four times what it encodes.
    deep = vae(
        scaling_factor=0.08333,
        block_out_channels=(8, 8, 16),
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
    )
    noisy = unet(in_channels=7, num_class_embeds=1000)
    return StableDiffusionUpscalePipeline(
        **{**parts, "vae": deep, "unet": noisy}, low_res_scheduler=steps("DDPMScheduler")
    )


def _xl(**network: Any) -> dict[str, Any]:
    tokenizer, encoder = text(projection_dim=WIDTH)
    other, pooled = text("CLIPTextModelWithProjection", projection_dim=WIDTH)
    return {
        "tokenizer": tokenizer,
        "text_encoder": encoder,
        "tokenizer_2": other,
        "text_encoder_2": pooled,
        "vae": vae(),
        "unet": unet(
            cross_attention_dim=2 * WIDTH,
            addition_embed_type="text_time",
            addition_time_embed_dim=8,
            projection_class_embeddings_input_dim=6 * 8 + WIDTH,
            transformer_layers_per_block=1,
            **network,
        ),
        "scheduler": steps("EulerDiscreteScheduler"),
        "feature_extractor": None,
        "image_encoder": None,
    }


def sdxl() -> Any:
    """Stable Diffusion XL."""
    from diffusers import StableDiffusionXLPipeline

    return StableDiffusionXLPipeline(**_xl(), add_watermarker=False)


def sdxl_inpaint() -> Any:
    """The same, for the masked part of a picture."""
    from diffusers import StableDiffusionXLInpaintPipeline

    return StableDiffusionXLInpaintPipeline(**_xl(in_channels=9), add_watermarker=False)


def sdxl_control() -> Any:
    """The same, steered by a picture."""
    from diffusers import StableDiffusionXLControlNetPipeline

    steering = control(
        cross_attention_dim=2 * WIDTH,
        addition_embed_type="text_time",
        addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=6 * 8 + WIDTH,
        transformer_layers_per_block=1,
    )
    return StableDiffusionXLControlNetPipeline(**_xl(), controlnet=steering, add_watermarker=False)


def sdxl_refiner() -> Any:
    """The second, finer network: one text encoder, and a score of beauty among its sizes."""
    from diffusers import StableDiffusionXLImg2ImgPipeline

    parts = _xl()
    parts |= {"tokenizer": None, "text_encoder": None}
    parts["unet"] = unet(
        addition_embed_type="text_time",
        addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=5 * 8 + WIDTH,
        transformer_layers_per_block=1,
    )
    return StableDiffusionXLImg2ImgPipeline(
        **parts, requires_aesthetics_score=True, add_watermarker=False
    )


BUILDERS: Mapping[str, Callable[[], Any]] = {
    "sd15": sd15,
    "sd15-control": sd15_control,
    "gligen": gligen,
    "sd-x4-upscaler": upscaler,
    "sdxl": sdxl,
    "sdxl-inpaint": sdxl_inpaint,
    "sdxl-control": sdxl_control,
    "sdxl-refiner": sdxl_refiner,
}
"""By name, as ``tiny_weights.folder`` takes it."""
