"""The voices of Kokoro 1.0: their names, and the languages they speak.

Invariant: light; the first letter of a name is its language and the second who speaks, as its makers
name them.
"""

from __future__ import annotations

LANGUAGES = {
    "a": "en-us", "b": "en-gb", "e": "es", "f": "fr", "h": "hi", "i": "it", "p": "pt-br",
}  # fmt: skip
_NAMES = """
af_alloy af_aoede af_bella af_heart af_jessica af_kore af_nicole af_nova af_river af_sarah af_sky
am_adam am_echo am_eric am_fenrir am_liam am_michael am_onyx am_puck am_santa bf_alice bf_emma
bf_isabella bf_lily bm_daniel bm_fable bm_george bm_lewis ef_dora em_alex em_santa ff_siwis
hf_alpha hf_beta hm_omega hm_psi if_sara im_nicola pf_dora pm_alex pm_santa
"""
NAMES = tuple(_NAMES.split())
_FIRST = {
    "en": "af_heart", "en-us": "af_heart", "en-gb": "bf_emma", "es": "ef_dora", "fr": "ff_siwis",
    "hi": "hf_alpha", "it": "if_sara", "pt": "pf_dora", "pt-br": "pf_dora",
}  # fmt: skip
DEFAULT = "af_heart"


def language_of(voice: str) -> str:
    """ISO 639-1 code, with the country where it matters."""
    return LANGUAGES[voice[0]]


def first_for(language: str) -> str | None:
    """The voice that speaks a language if nobody asks for one; ``None`` if none does."""
    small = language.lower()
    return _FIRST.get(small) or _FIRST.get(small.partition("-")[0])
