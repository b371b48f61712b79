"""Checks of the sound, from what was heard.

Invariant: pure; sound that must not be missed is never passed because there was none to check.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from farm.media.sound import RATE
from farm_finish.audio.measure import Findings
from farm_finish.quality.film import Film
from farm_finish.quality.finding import Finding, Span
from farm_finish.quality.hearing import Heard
from farm_finish.quality.params import QualityParams

_KEPT = 100


def sound_findings(
    film: Film | None, heard: Heard | None, params: QualityParams
) -> Iterator[Finding]:
    """Every check of sound. heard : None where the file tells of no sound."""
    present = heard is not None
    samples = heard.findings.samples if heard and heard.findings else 0
    length_s = samples / RATE
    if params.sound == "none":
        said = "there is sound where none is expected" if present else "no sound, as expected"
        yield Finding("sound.present", not present, length_s, "none", "", said)
        return
    said = f"{length_s:.2f} s of sound"
    passed = samples > 0
    if heard is None:
        passed, said = params.sound == "auto", "there is no sound"
    elif not samples:
        said = "there is a sound track without a sample"
    yield Finding("sound.present", passed, length_s, params.sound, "", said)
    if heard is None or heard.findings is None:
        return
    if film is not None and film.frames:
        yield _length(film, heard, params)
    shift = 0.0 if film is None else heard.starts_s - film.starts_s
    yield from _levels(heard.findings, shift, params)


def _length(film: Film, heard: Heard, params: QualityParams) -> Finding:
    late = heard.starts_s - film.starts_s
    longer = heard.starts_s + heard.length_s - film.starts_s - film.length_s
    worst = max(abs(late), abs(longer))
    said = f"sound begins {late:+.3f} s and ends {longer:+.3f} s from the pictures"
    passed = worst <= params.av_mismatch_s
    spans: tuple[Span, ...] = ()
    if not passed:
        edges = sorted((film.length_s, film.length_s + longer))
        spans = (Span(*edges),) if abs(longer) >= abs(late) else (Span(*sorted((0.0, late))),)
    return Finding("sound.length", passed, worst, params.av_mismatch_s, "s", said, spans)


def _levels(findings: Findings, shift: float, params: QualityParams) -> Iterator[Finding]:
    def spans(found: list[tuple[int, int]]) -> tuple[Span, ...]:
        return tuple(Span(a / RATE + shift, b / RATE + shift) for a, b in found[:_KEPT])

    silences = findings.silences
    longest = max((b - a for a, b in silences), default=0) / RATE
    said = f"silence for {longest:.2f} s" if longest else f"no silence of {params.silence_s:g} s"
    yield Finding(
        "sound.silence", not silences, longest, params.silence_s, "s", said, spans(silences)
    )
    clipped = findings.clipped_samples
    passed = clipped <= params.clipped_samples
    said = f"{clipped} samples at full scale in {findings.clippings_count} places"
    yield Finding(
        "sound.clipping",
        passed,
        clipped,
        params.clipped_samples,
        "samples",
        said if clipped else "nothing clips",
        () if passed else spans(findings.clippings),
    )
    loud = findings.loudness.integrated
    told = f"{loud:.1f} LUFS" if math.isfinite(loud) else "nothing is heard"
    yield Finding(
        "sound.loudness",
        params.loudness_min <= loud <= params.loudness_max,
        loud if math.isfinite(loud) else None,
        f"{params.loudness_min:g} to {params.loudness_max:g}",
        "LUFS",
        told,
    )
    peak = findings.true_peak_db
    yield Finding(
        "sound.peak",
        peak <= params.true_peak_db,
        peak if math.isfinite(peak) else None,
        params.true_peak_db,
        "dBTP",
        f"true peak {peak:.1f} dBTP" if math.isfinite(peak) else "no peak",
    )
