"""A timeline as the farm works on it: small, immutable, in whole frames of its own rate.

Invariant: a :class:`Bake` that exists was checked against its media: every range lies within, what
is on a track does not overlap but in a change, and its pieces are all frames of the film, each once.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from pydantic import TypeAdapter

from farm_finish.audio.params import Role
from farm_finish.params import Profile

SCHEMA = "farm.bake/1"


@dataclass(frozen=True, slots=True)
class Source:
    """A media file. file : its place among the files at ``media``, from 0.

    frames : of a film; 0 for a still or a sound. fps : of a film. size : upright, in pixels.
    start_s : moment of its first picture. sound_s : length of its sound from then on; 0: none.
    """

    file: int
    name: str
    kind: Literal["film", "still", "sound"]
    frames: int = 0
    fps: Fraction | None = None
    width: int = 0
    height: int = 0
    start_s: Fraction = Fraction(0)
    sound_s: Fraction = Fraction(0)
    timecode: int = 0
    """Frames of the time code of its first picture."""
    key_every: int = 1
    """Pictures from one that can be read alone to the next, on average."""


@dataclass(frozen=True, slots=True)
class Shot:
    """Pictures of a source on a track, for frames ``at`` to ``at + length`` of the film.

    Frame ``at + k`` shows picture ``floor(first + k * step)`` of the source. ``x``, ``y``: its
    centre, ``scale``: of the largest size that fits, all as shares of the frame.
    """

    at: int
    length: int
    source: int
    first: Fraction
    step: Fraction
    opacity: float = 1.0
    scale: float = 1.0
    x: float = 0.5
    y: float = 0.5
    fit: Literal["pad", "fill"] = "pad"
    fade_in: int = 0
    fade_out: int = 0
    form: Literal["shot"] = "shot"

    @property
    def end(self) -> int:
        """The frame after its last."""
        return self.at + self.length

    def picture(self, frame: int) -> int:
        """Number of the source's picture that ``frame`` of the film shows."""
        return int(self.first + (frame - self.at) * self.step)

    @property
    def whole(self) -> bool:
        """Whether it is shown as it is, over all of the frame."""
        return (self.opacity, self.scale, self.x, self.y) == (1.0, 1.0, 0.5, 0.5)


@dataclass(frozen=True, slots=True)
class Title:
    """Text over what is below. size : height of the letters as a share of the frame's height."""

    at: int
    length: int
    text: str
    size: float
    colour: str
    place: Literal["upper", "centre", "lower"]
    plate: float
    opacity: float = 1.0
    fade_in: int = 0
    fade_out: int = 0
    form: Literal["title"] = "title"

    @property
    def end(self) -> int:
        """The frame after its last."""
        return self.at + self.length


@dataclass(frozen=True, slots=True)
class Change:
    """A dissolve or wipe, from what ends with it to what begins with it."""

    at: int
    length: int
    kind: Literal["dissolve", "wipe"]
    direction: Literal["right", "left", "down", "up"] = "right"
    softness: float = 0.0

    @property
    def end(self) -> int:
        """The frame after its last."""
        return self.at + self.length


@dataclass(frozen=True, slots=True)
class Layer:
    """One video track, its items in order."""

    items: tuple[Shot | Title, ...]
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Heard:
    """A stretch of a source's sound. Times are in seconds; ``speed`` moves its pitch, too."""

    source: int
    role: Role
    at_s: Fraction
    start_s: Fraction
    length_s: Fraction
    speed: Fraction = Fraction(1)
    gain_db: float = 0.0
    pan: float = 0.0
    fade_in_s: Fraction = Fraction(0)
    fade_out_s: Fraction = Fraction(0)


@dataclass(frozen=True, slots=True)
class Ducking:
    """Which roles give way to which, and how."""

    roles: tuple[Role, ...] = ("music",)
    under: tuple[Role, ...] = ("voice",)
    threshold_db: float = -36.0
    ratio: float = 4.0
    most_db: float = 12.0
    attack_ms: float = 40.0
    release_ms: float = 600.0


@dataclass(frozen=True, slots=True)
class Timeline:
    """All that is seen and heard. Layers are the lowest first."""

    fps: Fraction
    width: int
    height: int
    length: int
    background: str
    sources: tuple[Source, ...]
    layers: tuple[Layer, ...]
    heard: tuple[Heard, ...] = ()
    ducking: Ducking | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """Frames ``at`` to ``at + frames`` of the film: copied, or rendered.

    source, first : the source and the picture a copy begins with. rendered : how many rendered
    pictures come before it.
    """

    at: int
    frames: int
    source: int | None = None
    first: int = 0
    rendered: int = 0


@dataclass(frozen=True, slots=True)
class Bake:
    """What the stages after planning work from.

    setup_id : number of the encoder's own parameter sets. setup : hex of the decoder setup of what
    is copied. delay : frames by which copied packets are decoded ahead.
    """

    timeline: Timeline
    codec: Literal["h264", "h265", "av1"]
    profile: Profile
    pieces: tuple[Piece, ...]
    setup_id: int = 0
    setup: str = ""
    delay: int = 0

    @property
    def rendered(self) -> int:
        """Number of pictures that are rendered."""
        return sum(piece.frames for piece in self.pieces if piece.source is None)


BAKE: TypeAdapter[Bake] = TypeAdapter(Bake)
