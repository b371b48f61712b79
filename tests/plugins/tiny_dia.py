"""The network Dia with tiny random weights, in the layout of the real one."""

from __future__ import annotations

from pathlib import Path


def saved(folder: Path) -> Path:
    """The network, its codec in ``audio_tokenizer``, and the files that say how to use them."""
    import torch
    from transformers import (
        DacConfig,
        DacModel,
        DiaConfig,
        DiaFeatureExtractor,
        DiaForConditionalGeneration,
        DiaTokenizer,
    )

    small = {"num_hidden_layers": 1, "hidden_size": 32, "head_dim": 16, "intermediate_size": 64}
    heads = {"num_attention_heads": 2, "num_key_value_heads": 1}
    crossed = {
        "cross_num_attention_heads": 2,
        "cross_num_key_value_heads": 2,
        "cross_head_dim": 16,
        "cross_hidden_size": 32,
    }
    encoder = {**small, "num_attention_heads": 2, "num_key_value_heads": 2, "vocab_size": 256}
    decoder = {**small, **heads, **crossed, "vocab_size": 1028, "num_channels": 9}
    with torch.random.fork_rng():
        torch.manual_seed(1)
        model = DiaForConditionalGeneration(
            DiaConfig(encoder_config=encoder, decoder_config=decoder)
        )
        codec = DacModel(
            DacConfig(
                encoder_hidden_size=8,
                decoder_hidden_size=32,
                downsampling_ratios=[2, 4, 8, 8],
                n_codebooks=9,
                codebook_size=1024,
                codebook_dim=4,
                sampling_rate=44_100,
            )
        )
    model.save_pretrained(folder)
    codec.save_pretrained(folder / "audio_tokenizer")
    DiaFeatureExtractor(sampling_rate=44_100, hop_length=512).save_pretrained(folder)
    DiaTokenizer().save_pretrained(folder)
    return folder
