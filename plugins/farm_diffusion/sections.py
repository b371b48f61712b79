"""The sections of a recipe: ports, parameters, sizes, frames, windows, outputs, memory.

Invariant: each says by itself what is wrong with a value; what sections say of one another is the
recipe's business.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from farm import MediaKind

CLASS = r"^([A-Za-z_][\w.]*:)?[A-Za-z_]\w*$"
"""A class of diffusers, or ``module:Class``."""

_SIZE = r"^[1-9]\d{1,3}x[1-9]\d{1,3}$"
_FACTS: Mapping[str, MediaKind] = {
    "text": MediaKind.TEXT,
    "image": MediaKind.IMAGE,
    "images": MediaKind.IMAGE,
    "mask": MediaKind.IMAGE,
    "frames": MediaKind.VIDEO,
    "masks": MediaKind.VIDEO,
    "audio": MediaKind.AUDIO,
    "json": MediaKind.DATA,
    "file": MediaKind.ANY,
}


class Strict(BaseModel):
    """Unknown fields are refused, and what was read does not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def _wide(value: Any) -> Any:
    """``["a", "b"]`` for ``"a"``."""
    return [value] if isinstance(value, str) else value


class Input(Strict):
    """A port, and what becomes of its file.

    takes : ``text``; ``image``, ``images`` (many files), ``mask`` (a grey picture); ``frames`` and
        ``masks`` (pictures of a film, those of the task's window); ``audio`` (float32, channels by
        samples); ``json``; ``file`` (its path). argument : of the pipeline's call that gets it; empty
        for one that only ``call`` reads. fit : how a picture comes to the size of the output.
    """

    takes: Literal["text", "image", "images", "mask", "frames", "masks", "audio", "json", "file"]
    argument: str = ""
    required: bool = True
    default: str | None = None
    fit: Literal["cover", "contain", "stretch", "keep"] = "cover"
    mode: Literal["RGB", "RGBA", "L"] = "RGB"
    whole: bool = False
    sample_rate: int = Field(16000, ge=8000, le=192000)
    kind: MediaKind | None = None
    description: str = Field(min_length=1)

    @property
    def port_kind(self) -> MediaKind:
        """The kind of file that flows through the port."""
        return self.kind or _FACTS[self.takes]

    @model_validator(mode="after")
    def _default_is_text(self) -> Input:
        if self.default is not None and (self.takes != "text" or self.required):
            raise ValueError("default belongs to a text that is not required")
        return self


class Param(Strict):
    """A number, text or switch of the call. ``argument`` is empty for what only ``call`` reads."""

    argument: str = ""
    type: Literal["integer", "number", "boolean", "string"]
    default: int | float | bool | str
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[str, ...] = ()
    unit: str = ""
    description: str = Field(min_length=1)

    @model_validator(mode="after")
    def _default_fits(self) -> Param:
        if complaint := self.complaint(self.default):
            raise ValueError(f"default: {complaint}")
        return self

    def complaint(self, value: Any) -> str:
        """What is wrong with a value; empty if nothing is."""
        kinds = {"integer": int, "number": (int, float), "boolean": bool, "string": str}
        if not isinstance(value, kinds[self.type]) or (
            isinstance(value, bool) and self.type != "boolean"
        ):
            return f"{value!r} is no {self.type}"
        if self.choices and value not in self.choices:
            return f"{value!r} is none of {', '.join(self.choices)}"
        if self.type in ("integer", "number"):
            if self.minimum is not None and value < self.minimum:
                return f"{value} is below {self.minimum:g}"
            if self.maximum is not None and value > self.maximum:
                return f"{value} is above {self.maximum:g}"
        return ""


class Size(Strict):
    """Width and height of what is made, in pixels.

    multiple : that both are multiples of. like : image or film ports whose shape is taken when no
    size is asked for, at the number of pixels of the default. arguments : names of width and
    height in the call; empty strings where it takes none.
    """

    default: str = Field(pattern=_SIZE)
    multiple: int = Field(8, ge=1, le=256)
    minimum: int = Field(64, ge=16)
    maximum: int = Field(4096, le=16384)
    like: Annotated[tuple[str, ...], BeforeValidator(_wide)] = ()
    arguments: tuple[str, str] = ("width", "height")

    @model_validator(mode="after")
    def _default_fits(self) -> Size:
        if complaint := self.complaint(self.default):
            raise ValueError(f"default: {complaint}")
        return self

    def complaint(self, value: Any) -> str:
        """What is wrong with a size such as ``832x480``; empty if nothing is."""
        parts = value.split("x") if isinstance(value, str) else []
        if len(parts) != 2 or not all(part.isdigit() for part in parts):
            return f"{value!r} is no size such as {self.default}"
        for side in map(int, parts):
            if side % self.multiple:
                below = side // self.multiple * self.multiple
                return (
                    f"{side} is no multiple of {self.multiple}; "
                    f"try {below or self.multiple} or {below + self.multiple}"
                )
            if not self.minimum <= side <= self.maximum:
                return f"{side} is not between {self.minimum} and {self.maximum}"
        return ""


class Frames(Strict):
    """How many pictures a film has.

    The model makes ``step * k + plus`` of them; what was asked for is made to the frame by cutting
    the rest off. as_long_as : ports whose film or sound sets the length when none is asked for.
    """

    argument: str = "num_frames"
    default: int = Field(ge=1)
    minimum: int = Field(1, ge=1)
    maximum: int = Field(ge=1)
    step: int = Field(1, ge=1)
    plus: int = Field(0, ge=0)
    fps: float = Field(gt=0, le=240)
    fps_argument: str = ""
    as_long_as: Annotated[tuple[str, ...], BeforeValidator(_wide)] = ()

    def made(self, wanted: int) -> int:
        """The smallest number that the model can make and that is enough."""
        least = max(wanted, self.minimum, self.plus or self.step)
        return -(-(least - self.plus) // self.step) * self.step + self.plus


class Windows(Strict):
    """How a long film is cut. ``size``: frames that the model makes at once.

    size, overlap : frames, or the name of a whole number among the parameters.
    """

    size: Annotated[int, Field(ge=1)] | str
    overlap: Annotated[int, Field(ge=0)] | str = 0
    mode: Literal["independent", "chained"] = "independent"
    carry: tuple[str, ...] = ()


class Output(Strict):
    """A port, and the field of what the call returns that is written to it.

    gives : ``video`` (FFV1), ``image`` (PNG), ``images`` (many PNG), ``audio`` (float WAV), ``json``
    or ``files`` (paths that ``call`` wrote itself).
    """

    gives: Literal["video", "image", "images", "audio", "json", "file"]
    field: str = Field(min_length=1)
    many: bool = False
    kind: MediaKind | None = None
    description: str = Field(min_length=1)

    @property
    def port_kind(self) -> MediaKind:
        """The kind of file that flows through the port."""
        own = {"images": "image", "json": "data", "file": "any"}
        return self.kind or MediaKind(own.get(self.gives, self.gives))


class Scheduler(Strict):
    """A scheduler class, made from the model's own configuration and these changes."""

    name: str = Field(alias="class", pattern=CLASS)
    config: Mapping[str, Any] = Field(default_factory=dict)


class Component(Strict):
    """A part that comes from a model of its own, such as a ControlNet.

    It becomes a parameter ``<component>_model``. subfolder : in that model; empty for its root.
    """

    name: str = Field(alias="class", pattern=CLASS)
    model: str = ""
    subfolder: str = ""
    description: str = Field(min_length=1)


class Memory(Strict):
    """What a call takes besides the weights, in MB, in 16-bit precision.

    A film counts its pixels over all pictures that are made at once. backbone : components that
    denoise; text : those that read the prompt; the VAE is ``vae``.
    """

    fixed_mb: float = Field(300, ge=0)
    step_per_megapixel_mb: float = Field(800, ge=0)
    decode_per_megapixel_mb: float = Field(1800, ge=0)
    tiled_share: float = Field(0.25, gt=0, le=1)
    backbone: tuple[str, ...] = ("transformer", "transformer_2", "unet")
    ram_mb: int = Field(4096, ge=256)
    vram_mb: int = Field(8192, ge=256)


class Preview(Strict):
    """Red, green and blue of a latent pixel as a sum of its channels (and a bias), -1 to 1.

    A model whose factors are not known gets none: a rough picture is then measured from its VAE.
    """

    factors: tuple[tuple[float, float, float], ...] = Field(min_length=1)
    bias: tuple[float, float, float] = (0.0, 0.0, 0.0)
