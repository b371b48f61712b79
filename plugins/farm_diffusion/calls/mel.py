"""Sound as LTX-2's audio encoder sees it: the logarithm of magnitudes on the mel scale.

Invariant: the settings are those that LTX-2 was trained with: 1024 samples under a Hann window,
reflected ends, magnitudes, and Slaney's mel scale and norm (Auditory Toolbox, 1998).
"""

from __future__ import annotations

from typing import Any

N_FFT = 1024
FLOOR = 1e-5


def log_mel(sound: Any, sample_rate: int, hop: int, bins: int) -> Any:
    """A tensor (channels, 1 + samples // hop, bins) of float32 ``sound`` (channels, samples)."""
    import torch
    from transformers.audio_utils import mel_filter_bank

    bank = mel_filter_bank(
        num_frequency_bins=N_FFT // 2 + 1,
        num_mel_filters=bins,
        min_frequency=0.0,
        max_frequency=sample_rate / 2,
        sampling_rate=sample_rate,
        norm="slaney",
        mel_scale="slaney",
    )
    # Ends are reflected, so there must be something to reflect.
    short = max(0, N_FFT // 2 + 1 - sound.shape[-1])
    spectrum = torch.stft(
        torch.nn.functional.pad(sound, (0, short)),
        N_FFT,
        hop,
        window=torch.hann_window(N_FFT, device=sound.device),
        center=True,
        pad_mode="reflect",
        return_complex=True,
    ).abs()
    weights = torch.from_numpy(bank).to(spectrum)
    return (spectrum.transpose(1, 2) @ weights).clamp(min=FLOOR).log()
