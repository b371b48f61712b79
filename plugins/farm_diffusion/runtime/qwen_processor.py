"""What Qwen's text encoder reads pictures with, from its folder, without a library for films.

Invariant: it gives the same numbers whether torchvision is installed or not, so nodes agree.

The class of transformers insists on a reader of films, which needs torchvision, though a picture
pipeline never gives it a film.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any


def load_processor(folder: Path) -> Any:
    """A ``Qwen2VLProcessor`` for pictures and text from ``folder``."""
    from transformers import Qwen2Tokenizer
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

    template = folder / "chat_template.jinja"
    return picture_processor(
        Qwen2VLImageProcessorPil.from_pretrained(folder, local_files_only=True),
        Qwen2Tokenizer.from_pretrained(folder, local_files_only=True),
        template.read_text(encoding="utf-8") if template.is_file() else None,
    )


def picture_processor(pictures: Any, tokenizer: Any, template: str | None) -> Any:
    """The processor made of its two parts."""
    from transformers import ProcessorMixin, Qwen2VLProcessor

    def begin(
        self: Any,
        image_processor: Any = None,
        tokenizer: Any = None,
        chat_template: str | None = None,
    ) -> None:
        self.image_token, self.video_token = "<|image_pad|>", "<|video_pad|>"
        self.image_token_id, self.video_token_id = (
            tokenizer.convert_tokens_to_ids(token) for token in (self.image_token, self.video_token)
        )
        ProcessorMixin.__init__(self, image_processor, tokenizer, chat_template=chat_template)

    # Under the name of its kind: a pipeline that is saved must name a class that can be found.
    own = {"__init__": begin, "__module__": Qwen2VLProcessor.__module__}
    kind = type("Qwen2VLProcessor", (Qwen2VLProcessor,), own)
    return kind(pictures, tokenizer, chat_template=template)
