"""The same pipeline without a farm: builds a model of random weights, or serves pictures of it.

python plain_diffusion.py build FOLDER
python plain_diffusion.py serve FOLDER OUT STEPS SIZE     seeds in, wall and processor seconds out
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

PROMPT = "violet dunes"


def build(folder: Path) -> None:
    """Stable Diffusion with a network of 60 million weights."""
    import diffusers
    import torch
    import transformers

    torch.manual_seed(0)
    letters = [chr(code) for code in range(33, 127)]
    words = [*letters, *(letter + "</w>" for letter in letters)]
    words += ["<|startoftext|>", "<|endoftext|>"]
    tokenizer = transformers.CLIPTokenizer(
        vocab={word: number for number, word in enumerate(words)}, merges=[], model_max_length=77
    )
    config = transformers.CLIPTextConfig(
        vocab_size=len(words), hidden_size=256, intermediate_size=512, num_hidden_layers=4,
        num_attention_heads=4, max_position_embeddings=77, bos_token_id=len(words) - 2,
        eos_token_id=len(words) - 1, pad_token_id=1,
    )  # fmt: skip
    pipe = diffusers.StableDiffusionPipeline(
        tokenizer=tokenizer,
        text_encoder=transformers.CLIPTextModel(config),
        unet=diffusers.UNet2DConditionModel(
            block_out_channels=(128, 256, 512), layers_per_block=1, sample_size=32,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
            cross_attention_dim=256, attention_head_dim=8,
        ),
        vae=diffusers.AutoencoderKL(
            latent_channels=4, block_out_channels=(16, 32, 32, 32), norm_num_groups=8,
            down_block_types=("DownEncoderBlock2D",) * 4, up_block_types=("UpDecoderBlock2D",) * 4,
        ),
        scheduler=diffusers.DDIMScheduler(
            beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", clip_sample=False,
            set_alpha_to_one=False, steps_offset=1,
        ),
        safety_checker=None,
        feature_extractor=None,
    )  # fmt: skip
    pipe.save_pretrained(str(folder), safe_serialization=True)


def serve(folder: Path, out: Path, steps: int, size: int) -> None:
    """Load once; for each seed make a picture, write it and say how long it took."""
    import diffusers
    import torch

    torch.set_num_threads(1)
    diffusers.utils.logging.disable_progress_bar()
    pipe: Any = diffusers.StableDiffusionPipeline.from_pretrained(
        str(folder), local_files_only=True, use_safetensors=True
    )
    pipe.set_progress_bar_config(disable=True)
    print("ready", flush=True)
    for line in sys.stdin:
        began_s, used_s = time.perf_counter(), time.process_time()
        picture = pipe(
            PROMPT,
            num_inference_steps=steps,
            width=size,
            height=size,
            generator=torch.Generator().manual_seed(int(line)),
        ).images[0]
        picture.save(out)
        print(time.perf_counter() - began_s, time.process_time() - used_s, flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "build":
        build(Path(sys.argv[2]))
    else:
        serve(Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]))
