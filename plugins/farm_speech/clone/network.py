"""The network Dia: a text, after a sample of a voice and what is said in it, goes on in that voice.

Invariant: nothing is downloaded, no pickle is loaded, and the same seed gives the same sound on the
same machine.

Source: Nari Labs, "Dia-1.6B", 2025 (Apache-2.0), on the codec of R. Kumar and others, "High-Fidelity
Audio Compression with Improved RVQGAN", 2023 (MIT).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from farm import MissingExtra

RATE = 44_100
_STEPS_A_SECOND = RATE / 512
_GUIDANCE, _TEMPERATURE, _TOP_P, _TOP_K = 3.0, 1.8, 0.9, 45
_MOST_STEPS = 3072
Samples = NDArray[np.float32]


class Dia:
    """The network in memory. folder : its files, and those of its codec in ``audio_tokenizer``.

    threads : that it may use.
    """

    def __init__(self, folder: Path, device: str, threads: int) -> None:
        self._torch, library = _libraries()
        self._torch.set_num_threads(threads)
        kind = self._torch.float32 if device == "cpu" else self._torch.float16
        local: dict[str, Any] = {"local_files_only": True}
        self._model = library.DiaForConditionalGeneration.from_pretrained(
            folder, use_safetensors=True, dtype=kind, **local
        )
        codec = library.DacModel.from_pretrained(
            folder / "audio_tokenizer", use_safetensors=True, **local
        )
        self._model.to(device).eval()
        self._processor = library.DiaProcessor(
            library.DiaFeatureExtractor.from_pretrained(folder, **local),
            library.DiaTokenizer.from_pretrained(folder, **local),
            codec.to(device).eval(),
        )
        self._stopping = library.StoppingCriteria
        self._device = device

    def go_on(
        self,
        sample: Samples,
        said: str,
        text: str,
        *,
        seed: int,
        most_s: float,
        told: Callable[[int, int], None],
    ) -> Samples:
        """The text in the voice of a sample: float32 (n,) at 44.1 kHz.

        sample : float32 (n,) at 44.1 kHz. said : what is said in it. most_s : when to stop at the
        latest. told : called at every step with its number and the most there may be; may raise.
        """
        torch = self._torch
        given = self._processor(
            text=[f"[S1] {said} [S1] {text}"], audio=sample, padding=True, return_tensors="pt"
        ).to(self._device)
        before = self._processor.get_audio_prompt_len(given["decoder_attention_mask"])
        start = given["decoder_input_ids"].shape[1]
        most = max(16, min(_MOST_STEPS - start, round(most_s * _STEPS_A_SECOND)))

        class Stop(self._stopping):  # type: ignore[misc, name-defined]
            def __call__(self, steps: Any, _scores: Any, **_: Any) -> Any:
                told(steps.shape[1] - start, most)
                return torch.zeros(len(steps), dtype=torch.bool, device=steps.device)

        with torch.random.fork_rng(devices=[self._device] if self._device != "cpu" else []):
            torch.manual_seed(seed)
            with torch.inference_mode():
                steps = self._model.generate(
                    **given,
                    max_new_tokens=most,
                    do_sample=True,
                    guidance_scale=_GUIDANCE,
                    temperature=_TEMPERATURE,
                    top_p=_TOP_P,
                    top_k=_TOP_K,
                    stopping_criteria=[Stop()],
                )
        found = self._processor.decode(steps, audio_prompt_len=before)
        samples: Samples = found.to(torch.float32).cpu().numpy().ravel()
        return samples


def _libraries() -> tuple[Any, Any]:
    try:
        import torch
        import transformers
    except ImportError as error:
        raise MissingExtra(
            "torch or transformers is not installed",
            where="speech.say/clone",
            mend="pip install 'farm[models]'",
        ) from error
    return torch, transformers
