"""The console's themes: dark, light, and one for eyes that confuse red and green.

Invariant: each theme gives every tone a colour, so a screen names tones and never colours.
"""

from __future__ import annotations

from textual.theme import Theme

from farm.tui.colours import Tone


def _tones(wait: str, work: str, good: str, warn: str, bad: str, gone: str) -> dict[str, str]:
    colours = (wait, work, good, warn, bad, gone)
    return {f"state-{tone.value}": colour for tone, colour in zip(Tone, colours, strict=True)}


_DARK = _tones("#8ea2c6", "#4cc2ff", "#6fcf7f", "#f2b84b", "#ff6b6b", "#8a8f98")
_LIGHT = _tones("#49597a", "#005fb8", "#1a7f37", "#8a5a00", "#c62828", "#6b7280")
# Okabe and Ito's palette: told apart under every common colour deficiency.
_SAFE = _tones("#b0b8c4", "#56b4e9", "#1fc7a0", "#f0e442", "#e8703a", "#8c8c8c")

THEMES = (
    Theme(
        "farm-dark", primary="#4cc2ff", secondary="#7a88a8", accent="#f2b84b", warning="#f2b84b",
        error="#ff6b6b", success="#6fcf7f", foreground="#d7dde8", background="#0f131a",
        surface="#151b24", panel="#1d2531", dark=True, variables=_DARK,
    ),
    Theme(
        "farm-light", primary="#005fb8", secondary="#5a6b8c", accent="#8a5a00", warning="#8a5a00",
        error="#c62828", success="#1a7f37", foreground="#1b2430", background="#fbfbfd",
        surface="#f1f3f7", panel="#e3e7ee", dark=False, variables=_LIGHT,
    ),
    Theme(
        "farm-safe", primary="#56b4e9", secondary="#7a88a8", accent="#f0e442", warning="#f0e442",
        error="#e8703a", success="#1fc7a0", foreground="#e4e7ec", background="#101318",
        surface="#171b22", panel="#20262f", dark=True, variables=_SAFE,
    ),
)  # fmt: skip
NAMES = tuple(theme.name for theme in THEMES)
