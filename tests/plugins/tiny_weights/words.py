"""Tokenizers without downloads: a letter or a byte is a word.

Invariant: every text has tokens, and the same text has the same ones in every process.
"""

from __future__ import annotations

from typing import Any

QWEN_MARKS = (
    *("<|im_start|>", "<|im_end|>", "<|object_ref_start|>", "<|object_ref_end|>"),
    *("<|box_start|>", "<|box_end|>", "<|quad_start|>", "<|quad_end|>"),
    *("<|vision_start|>", "<|vision_end|>", "<|vision_pad|>", "<|image_pad|>", "<|video_pad|>"),
)
CHAT = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n"
    "{% if m['content'] is string %}{{ m['content'] }}{% else %}"
    "{% for c in m['content'] %}{{ c.get('text', '') }}{% endfor %}{% endif %}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
"""A chat in Qwen's form, texts only."""


def letters() -> list[str]:
    """The 256 printable stand-ins for bytes."""
    from tokenizers import pre_tokenizers

    return sorted(pre_tokenizers.ByteLevel.alphabet())


def t5() -> Any:
    """As T5 and UMT5 have: printable ASCII, anything else is unknown."""
    from transformers import T5Tokenizer

    words = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("\u2581", -2.0)]
    return T5Tokenizer(vocab=[*words, *((chr(code), -3.0) for code in range(33, 127))], extra_ids=0)


def clip(longest: int = 77) -> Any:
    """As CLIP has."""
    from transformers import CLIPTokenizer

    alone = letters()
    words = [*alone, *(letter + "</w>" for letter in alone), "<|startoftext|>", "<|endoftext|>"]
    numbers = {word: number for number, word in enumerate(words)}
    return CLIPTokenizer(vocab=numbers, merges=[], model_max_length=longest)


def qwen() -> Any:
    """As Qwen 2 has, with its marks and a chat template."""
    from transformers import Qwen2Tokenizer

    words = {letter: number for number, letter in enumerate(letters())}
    tokenizer = Qwen2Tokenizer(vocab=words | {"<|endoftext|>": len(words)}, merges=[])
    tokenizer.add_special_tokens({"extra_special_tokens": list(QWEN_MARKS)})
    tokenizer.chat_template = CHAT
    return tokenizer


def gemma() -> Any:
    """As Gemma has: bytes stand in for what is no printable ASCII."""
    from transformers import GemmaTokenizer

    words = ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>"]
    words += [f"<0x{byte:02X}>" for byte in range(256)]
    words += ["\u2581", *map(chr, range(33, 127))]
    numbers: dict[str, int] = {}
    for word in words:
        numbers.setdefault(word, len(numbers))
    tokenizer = GemmaTokenizer(vocab=numbers, merges=[])
    tokenizer.model_max_length = 64
    return tokenizer
