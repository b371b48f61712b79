"""What an analysis says, field by field: the schema ``farm.procedural.analysis/1``.

Invariant: this module is the documentation; ``ANALYSIS.md`` is written from it, and a test compares
the two. An analysis goes to JSON and back without loss.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from typing import Any, get_args, get_type_hints

SCHEMA = "farm.procedural.analysis/1"


def _says(text: str, unit: str = "", **options: Any) -> Any:
    return field(metadata={"says": text, "unit": unit}, **options)


@dataclass(frozen=True, slots=True)
class Media:
    """What kind of file it is."""

    frames: int = _says("Frames that were decoded.")
    fps: str = _says("Frame rate, a rational.", "1/s")
    duration_s: float = _says("Length of the picture.", "s")
    width: int = _says("Width.", "px")
    height: int = _says("Height.", "px")
    codec: str = _says("Video codec; empty for frames that never were a file.", default="")
    pixel_format: str = _says("Pixel format.", default="")
    bit_rate: int = _says("Size of the file over its length.", "bit/s", default=0)
    audio_codec: str = _says("Audio codec; empty without sound.", default="")
    container: str = _says("Container format.", default="")


@dataclass(frozen=True, slots=True)
class Brightness:
    """How light it is. Luma from black (0) to white (1)."""

    mean: float = _says("Mean luma of the film.", "0-1")
    low: float = _says("Luma that 5 % of the pixels are darker than.", "0-1")
    high: float = _says("Luma that 5 % of the pixels are lighter than.", "0-1")
    black: float = _says("Share of pixels that are crushed to black.", "0-1")
    white: float = _says("Share of pixels that are clipped to white.", "0-1")
    trend: float = _says("Mean of the last sixth of the film minus that of the first.", "-1-1")
    consistency: float = _says("1 minus four standard deviations of the frames' means.", "0-1")
    flicker: float = _says(
        "Mean jump of a frame's mean luma away from that of its two neighbours; cuts left out.",
        "0-1",
    )
    shimmer: float = _says("The same on a grid of 40 x 22 cells: unrest of single places.", "0-1")
    histogram: tuple[float, ...] = _says("Shares of pixels in 32 equal steps of luma.", "0-1")
    series: tuple[float, ...] = _says("Mean luma of each frame.", "0-1")


@dataclass(frozen=True, slots=True)
class Contrast:
    """How far light and dark are apart."""

    rms: float = _says("Standard deviation of luma in a frame, mean of the frames.", "0-1")
    span: float = _says("`brightness.high` minus `brightness.low`.", "0-1")
    variation: float = _says("Standard deviation over time of the frames' contrast.", "0-1")


@dataclass(frozen=True, slots=True)
class Colour:
    """One dominant colour."""

    hex: str = _says("The colour in sRGB.", "#rrggbb")
    lab: tuple[float, ...] = _says("The colour in OKLab: lightness, a, b.")
    hue: float = _says("OKLab hue: 29 red, 70 orange, 110 yellow, 142 green, 195 cyan, 264 blue, "
                       "328 magenta.", "degrees")  # fmt: skip
    chroma: float = _says("OKLab chroma; a pure sRGB colour has 0.15 to 0.32.")
    share: float = _says("Share of the film's pixels.", "0-1")
    name: str = _says("The nearest of a dozen plain colour names.")


@dataclass(frozen=True, slots=True)
class Colours:
    """Which colours there are."""

    saturation: float = _says("Mean OKLab chroma over 0.25, at most 1.", "0-1")
    hue: float = _says("Circular mean of the OKLab hue, weighted by chroma.", "degrees")
    hue_strength: float = _says("How much the hues agree: 1 one hue, 0 all around.", "0-1")
    hue_spread: float = _says("Circular standard deviation of the hue.", "degrees")
    warmth: float = _says("Chroma of warm hues minus that of cool ones, over all chroma.", "-1-1")
    colourful: float = _says("Share of pixels with a chroma over 0.04.", "0-1")
    variance: float = _says("Variance of the colours in OKLab (sum of the three), times 100.")
    dominant: tuple[Colour, ...] = _says("Up to six dominant colours, the largest first.")
    palette: str = _says("The nearest of the known palettes.")
    palette_distance: float = _says("Mean OKLab distance to it; under 0.1 looks alike.")
    hue_histogram: tuple[float, ...] = _says(
        "Shares of chroma in 36 steps of 10 degrees of hue.", "0-1"
    )
    saturation_histogram: tuple[float, ...] = _says(
        "Shares of pixels in 16 steps of chroma, 0 to 0.32.", "0-1"
    )
    consistency: float = _says(
        "1 minus ten times the mean distance of a frame's mean a and b from the film's.",
        "0-1",
    )
    trend: float = _says(
        "Saturation of the last sixth of the film minus that of the first.", "-1-1"
    )


@dataclass(frozen=True, slots=True)
class Gradient:
    """The one gradient that explains most of the picture's large forms."""

    kind: str = _says("vertical, horizontal, angled, radial, diamond, conic, or none.")
    angle: float = _says("Where it gets lighter: 0 right, 90 up; of round ones where the seam is.",
                         "degrees")  # fmt: skip
    centre: tuple[float, ...] = _says("Middle of a round one, from the left and the top.", "0-1")
    strength: float = _says("OKLab distance between its two ends.", "0-1")
    fit: float = _says("Share of the variance of the picture that it explains.", "0-1")
    inward: bool = _says("Whether a round one is lighter in its middle.", default=False)


@dataclass(frozen=True, slots=True)
class Texture:
    """How much there is to see."""

    edge_density: float = _says(
        "Share of pixels on an edge (luma steps over 8 % across and down).", "0-1"
    )
    spatial_variance: float = _says("Variance of luma within cells of 1/11 of the height, x 100.")
    detail: float = _says("Mean luma difference between neighbouring pixels at 320 wide.", "0-1")
    busyness: float = _says("Edges, detail and variance taken together.", "0-1")
    series: tuple[float, ...] = _says("Edge density of each frame.", "0-1")


@dataclass(frozen=True, slots=True)
class Motion:
    """What moves, from block-wise optical flow on small luma planes."""

    level: float = _says("How much moves: 0 still, 0.5 lively, 1 frantic.", "0-1")
    speed: float = _says("Mean speed of the blocks that show any texture.", "heights/s")
    peak: float = _says("The 95th percentile of the frames' speeds.", "heights/s")
    spread: float = _says("Share of blocks that move faster than 0.01 heights/s.", "0-1")
    trend: float = _says("Level of the last sixth of the film minus that of the first.", "-1-1")
    direction: float = _says("Where things move to: 0 right, 90 up.", "degrees")
    coherence: float = _says("How much all move the same way: 1 all, 0 none or around.", "0-1")
    drift: tuple[float, ...] = _says("Mean velocity to the right and upward.", "heights/s")
    zoom: float = _says("Growth of the picture per second; negative goes away.", "1/s")
    turn: float = _says("Rotation of the picture, counter-clockwise.", "degrees/s")
    change: float = _says("Mean luma difference from frame to frame, per second.", "1/s")
    smoothness: float = _says("1 when speeds change evenly, 0 when they jump.", "0-1")
    series: tuple[float, ...] = _says(
        "Level of each frame; the first and those after a cut repeat their neighbour.", "0-1"
    )


@dataclass(frozen=True, slots=True)
class Rhythm:
    """When things happen."""

    cuts: int = _says("Hard cuts.")
    cut_frames: tuple[int, ...] = _says("The first frame of each shot but the first.")
    shot_s: float = _says("Mean length of a shot.", "s")
    flashes: int = _says("Single moments that are much lighter or darker than those around.")
    bpm: float = _says("Pulse of light or motion; 0 for none.", "1/min")
    pulse: float = _says("How clear the pulse is.", "0-1")


@dataclass(frozen=True, slots=True)
class Balance:
    """Where the light lies."""

    centre: tuple[float, ...] = _says("Centre of mass of luma, from the left and the top.", "0-1")
    horizontal: float = _says("Light of the right half minus that of the left, over both.", "-1-1")
    vertical: float = _says("Light of the upper half minus that of the lower, over both.", "-1-1")
    middle: float = _says("Mean luma of the middle ninth over that of the frame.")


@dataclass(frozen=True, slots=True)
class Audio:
    """What is heard."""

    duration_s: float = _says("Length of the sound.", "s")
    sample_rate: int = _says("Samples per second.", "Hz")
    channels: int = _says("Channels.")
    loudness_lufs: float = _says("Integrated loudness after ITU-R BS.1770, gated; -70 is silence.",
                                 "LUFS")  # fmt: skip
    peak_dbfs: float = _says("The highest sample; -120 is silence.", "dBFS")
    silent: float = _says("Share of 0.4 s blocks under -60 LUFS.", "0-1")
    range_lu: float = _says("90th minus 10th percentile of the blocks' loudness.", "LU")


@dataclass(frozen=True, slots=True)
class Analysis:
    """A film as numbers."""

    media: Media
    brightness: Brightness
    contrast: Contrast
    colour: Colours
    gradient: Gradient
    texture: Texture
    motion: Motion
    rhythm: Rhythm
    balance: Balance
    audio: Audio | None = None

    def record(self) -> dict[str, Any]:
        """As JSON, with its schema's name."""
        return {"schema": SCHEMA, **asdict(self)}

    def brief(self) -> dict[str, Any]:
        """As JSON without series and histograms: small enough to keep for every run."""
        record = self.record()
        for part in record.values():
            if isinstance(part, dict):
                for name in ("series", "histogram", "hue_histogram", "saturation_histogram"):
                    part.pop(name, None)
        return record

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Analysis:
        """The inverse of :meth:`record`; of a brief one the series and histograms are empty."""
        kinds = _parts()
        values = {
            name: _made(kinds[name], part)
            for name, part in record.items()
            if name in kinds and part is not None
        }
        return cls(**values)


def _parts() -> dict[str, type]:
    hints = get_type_hints(Analysis)
    return {
        name: next(kind for kind in (hint, *get_args(hint)) if is_dataclass(kind))
        for name, hint in hints.items()
    }


def _made(kind: type, record: Mapping[str, Any]) -> Any:
    values: dict[str, Any] = {}
    for item in fields(kind):
        if item.name == "dominant":
            values[item.name] = tuple(_made(Colour, colour) for colour in record[item.name])
        elif item.name in record:
            value = record[item.name]
            values[item.name] = tuple(value) if isinstance(value, list) else value
        elif item.name in ("series", "histogram", "hue_histogram", "saturation_histogram"):
            values[item.name] = ()
    return kind(**values)


def table() -> Iterator[tuple[str, str, str, str]]:
    """``(section, field, unit, sentence)`` for every field, in order."""
    for section, kind in _parts().items():
        for item in fields(kind):
            yield section, item.name, item.metadata["unit"], item.metadata["says"]
            if item.name == "dominant":
                for part in fields(Colour):
                    unit, says = part.metadata["unit"], part.metadata["says"]
                    yield section, f"dominant[].{part.name}", unit, says


def document() -> str:
    """The schema as Markdown; the content of ``ANALYSIS.md``."""
    lines = [
        "# The analysis of a film",
        "",
        f"`video.analyse` measures any film and writes one JSON document, schema `{SCHEMA}`.",
        "Pixels are read as BT.709 (or BT.601 when the file says so) and looked at on planes of at",
        "most 320 x 180; colours are OKLab, lengths are frame heights, angles are counter-clockwise",
        "from the right. Numbers are rounded, so that the same film always gives the same bytes.",
    ]
    last = ""
    for section, name, unit, says in table():
        if section != last:
            said = (_parts()[section].__doc__ or "").strip()
            lines += [
                "",
                f"## `{section}`",
                "",
                said,
                "",
                "| field | unit | meaning |",
                "|---|---|---|",
            ]
            last = section
        lines.append(f"| `{name}` | {unit} | {says} |")
    return "\n".join(lines) + "\n"
