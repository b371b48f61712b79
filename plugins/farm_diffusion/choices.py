"""What a job may choose of a recipe: its parameter model, and the settings that follow from it.

Invariant: a value that a job names wins over its quality profile, which wins over the recipe's
default; a size or a length that the model cannot make is refused and never bent.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model, model_validator

from farm import MediaFacts, StageParams
from farm_diffusion.recipes import MEMORIES, PRECISIONS, Recipe
from farm_diffusion.sections import Size

LONGEST_FRAMES = 200_000
_RATE = r"^[0-9]{1,6}([./][0-9]{1,6})?$"
_TYPES: Mapping[str, type] = {"integer": int, "number": float, "boolean": bool, "string": str}


class Adapter(BaseModel):
    """A LoRA. model : its name among the models. second : for the second backbone of two."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    model: str = Field(min_length=1)
    weight: float = Field(1.0, ge=-4, le=4)
    second: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """What one task makes.

    values : the recipe's own parameters. frames : of this task; made : that the model makes for
    them. scheduler, cache : empty for none. precision : ``auto`` for the model's own.
    """

    quality: str
    values: Mapping[str, Any]
    width: int
    height: int
    frames: int
    made: int
    fps: Fraction
    scheduler: str
    cache: str
    precision: str = "auto"


class RecipeParams(StageParams):
    """Parameters of a provider that a recipe makes; ``recipe`` is that recipe."""

    # Built when it is first asked: an engine reads every recipe and runs a few.
    model_config = ConfigDict(defer_build=True)
    recipe: ClassVar[Recipe]

    @model_validator(mode="after")
    def _can_be_made(self) -> Self:
        recipe = self.recipe
        chosen = self.model_dump()
        width, height = chosen.get("width"), chosen.get("height")
        wish = f"{width or height}x{height or width}"
        if recipe.size and (width or height) and (complaint := recipe.size.complaint(wish)):
            raise ValueError(f"the size {width or 0}x{height or 0}: {complaint}")
        if recipe.frames:
            if chosen["frames"] is not None and chosen["duration_s"] is not None:
                raise ValueError("frames and duration_s say the same thing; give one of them")
            wanted = asked_frames(self)
            if wanted is not None and not recipe.windows and wanted > recipe.frames.maximum:
                fps = rate(chosen["fps"]) or rate(recipe.frames.fps) or Fraction(1)
                raise ValueError(
                    f"{wanted} frames; this model makes {recipe.frames.maximum} at most: "
                    f"{float(recipe.frames.maximum / fps):.1f} s"
                )
        if recipe.windows and window_overlap(self) >= window_size(self):
            raise ValueError("the overlap of windows must be below their size")
        return self


def params_of(recipe: Recipe) -> type[RecipeParams]:
    """The parameter model of a recipe."""
    fields: dict[str, Any] = {
        "model": (str, Field(recipe.model, description="Name of the model that is used.")),
        "precision": (
            Literal[PRECISIONS],
            Field("auto", description="Numbers of the weights; auto: as the model's variants say."),
        ),
        "memory": (
            Literal[MEMORIES],
            Field(
                "auto",
                description="Where the weights are while it runs; auto: as memory allows. "
                "may-change-result: memory may also decide on tiles and the model's variant.",
            ),
        ),
        "tiling": (
            Literal["auto", "on", "off"],
            Field(
                "auto",
                description="Decode in tiles, which takes less memory; auto: large sizes only.",
            ),
        ),
    }
    if recipe.quality:
        fields["quality"] = (
            Literal[tuple(recipe.quality)],
            Field("standard", description="Trade of time against quality."),
        )
    by_profile = {name for values in recipe.quality.values() for name in values}
    for name, param in recipe.params.items():
        kind: Any = Literal[param.choices] if param.choices else _TYPES[param.type]
        bounds = {"ge": param.minimum, "le": param.maximum} if kind in (int, float) else {}
        extra = {"unit": param.unit} if param.unit else None
        told = {"description": param.description, "json_schema_extra": extra}
        open_ = name in by_profile
        fields[name] = (
            (Annotated[kind, Field(**bounds)] | None)
            if open_
            else Annotated[kind, Field(**bounds)],
            Field(None if open_ else param.default, **told),
        )
    if recipe.size:
        for side in ("width", "height"):
            fields[side] = _optional(int, f"{side.capitalize()} of what is made.", "px", ge=0)
            # 0 is what pipelines say for "as the material has it".
            fields[side] = (
                Annotated[fields[side][0], BeforeValidator(lambda value: value or None)],
                fields[side][1],
            )
    if recipe.frames:
        top = LONGEST_FRAMES if recipe.windows else recipe.frames.maximum
        fields["frames"] = _optional(int, "Number of frames.", "", ge=1, le=top)
        fields["duration_s"] = _optional(float, "Length of the film.", "s", gt=0, le=3600)
        fields["fps"] = (
            Annotated[str | None, BeforeValidator(_rate_text)],
            Field(
                None,
                pattern=_RATE,
                description="Frames per second; else those of the input, else the model's.",
                json_schema_extra={"unit": "1/s"},
            ),
        )
    if recipe.schedulers:
        fields["scheduler"] = (
            Literal[("own", *recipe.schedulers)] | None,
            Field(None, description="The sampler; own: the model's."),
        )
    if recipe.loras:
        fields["loras"] = (
            tuple[Adapter, ...],
            Field((), max_length=recipe.loras, description="Adapters: a model and its weight."),
        )
    if recipe.caches:
        fields["cache"] = (
            Literal[("none", *recipe.caches)] | None,
            Field(None, description="Reuse of what hardly changes from step to step."),
        )
    if recipe.attention:
        fields["attention"] = (
            Literal[("default", *recipe.attention)],
            Field("default", description="Which implementation of attention is used."),
        )
    for name, part in recipe.components.items():
        fields[f"{name}_model"] = (
            str,
            Field(part.model, description=f"Name of the model: {part.description}"),
        )
    title = "".join(
        word.capitalize() for word in f"{recipe.capability}.{recipe.provider}".split(".")
    )
    model = create_model(
        f"{title.replace('-', '').replace('_', '')}Params", __base__=RecipeParams, **fields
    )
    model.recipe = recipe
    return model


def _optional(kind: type, description: str, unit: str, **bounds: float) -> tuple[Any, Any]:
    extra = {"unit": unit} if unit else None
    return (
        Annotated[kind, Field(**bounds)] | None,
        Field(None, description=description, json_schema_extra=extra),
    )


def _rate_text(value: Any) -> Any:
    return f"{value:g}" if isinstance(value, int | float) else value


def rate(text: Any) -> Fraction | None:
    """Frames per second of ``24``, ``23.976`` or ``30000/1001``; ``None`` for nothing."""
    if text in (None, ""):
        return None
    value = Fraction(str(text))
    film = round(value * 1001 / 1000)
    # 23.976 and the like are short for n * 1000 / 1001.
    near = Fraction(film * 1000, 1001)
    return near if value.denominator > 1 and abs(value - near) < Fraction(1, 500) else value


def models_of(params: RecipeParams) -> tuple[str, ...]:
    """Names of the models that a task with these parameters needs."""
    names = [params.model, *(getattr(params, f"{part}_model") for part in params.recipe.components)]
    names += [adapter.model for adapter in getattr(params, "loras", ())]
    return tuple(dict.fromkeys(name for name in names if name))


def group_of(params: RecipeParams) -> str | None:
    """What must be resident for the task to start at once."""
    parts = [getattr(params, f"{part}_model") for part in params.recipe.components]
    return "+".join(name for name in (params.model, *parts) if name) or None


def megapixels(params: RecipeParams) -> float:
    """Of all pictures that a task makes at once, as far as its parameters tell: rounded up to half a
    power of two, so that there are few sizes."""
    settings = settled(params, {}, window_size(params) if params.recipe.windows else None)
    pixels = max(settings.width * settings.height, 64 * 64) * settings.made
    return float(2 ** (math.ceil(2 * math.log2(pixels / 1e6)) / 2))


def size_of(params: RecipeParams) -> str:
    """How large a task is for the memory: its pixels, and where the job says that its weights are."""
    said = [params.memory, _precision(params)]  # type: ignore[attr-defined]
    return "/".join([f"{megapixels(params):.3g}MP", *(word for word in said if word != "auto")])


def asked_frames(params: RecipeParams) -> int | None:
    """The length that the parameters ask for; ``None`` where they ask for none."""
    if params.frames is not None:  # type: ignore[attr-defined]
        return int(params.frames)  # type: ignore[attr-defined]
    seconds = params.duration_s  # type: ignore[attr-defined]
    if seconds is None:
        return None
    fps = rate(params.fps) or rate(params.recipe.frames.fps)  # type: ignore[attr-defined, union-attr]
    assert fps is not None
    return max(1, math.floor(Fraction(seconds) * fps + Fraction(1, 2)))


def frame_rate(params: RecipeParams, facts: Mapping[str, Sequence[MediaFacts]]) -> Fraction:
    """Frames per second of what is made. facts : of the inputs, by port."""
    assert params.recipe.frames is not None
    if own := rate(params.fps):  # type: ignore[attr-defined]
        return own
    for port in params.recipe.frames.as_long_as:
        for fact in facts.get(port, ()):
            if fact.fps:
                return Fraction(fact.fps)
    return rate(params.recipe.frames.fps) or Fraction(24)


def film_frames(params: RecipeParams, facts: Mapping[str, Sequence[MediaFacts]]) -> int:
    """Frames of the whole film: as asked for, else as long as an input, else the default."""
    frames = params.recipe.frames
    assert frames is not None
    asked = asked_frames(params)
    if asked is not None:
        return asked
    fps = frame_rate(params, facts)
    for port in frames.as_long_as:
        for fact in facts.get(port, ()):
            if fact.frames and fact.fps:
                return max(1, math.floor(fact.frames * fps / fact.fps + Fraction(1, 2)))
            if fact.duration_s:
                return max(1, math.floor(Fraction(fact.duration_s) * fps + Fraction(1, 2)))
    return frames.default


def window_size(params: RecipeParams) -> int:
    """Frames of a window."""
    windows = params.recipe.windows
    assert windows is not None
    return _named(params, windows.size)


def window_overlap(params: RecipeParams) -> int:
    """Frames that a window shares with the one before it."""
    windows = params.recipe.windows
    assert windows is not None
    return _named(params, windows.overlap)


def _named(params: RecipeParams, number: int | str) -> int:
    return number if isinstance(number, int) else int(_values(params)[number])


def settled(
    params: RecipeParams,
    facts: Mapping[str, Sequence[MediaFacts]],
    window_frames: int | None,
) -> Settings:
    """What one task makes. window_frames : of its window, if it is one of a film's."""
    recipe = params.recipe
    profile = _profile(params)
    width, height = _size(params, profile, facts)
    frames, made, fps = 1, 1, Fraction(1)
    if recipe.frames:
        frames = window_frames or film_frames(params, facts)
        made, fps = recipe.frames.made(frames), frame_rate(params, facts)
    scheduler = getattr(params, "scheduler", None) or profile.get("scheduler", "")
    cache = getattr(params, "cache", None) or profile.get("cache", "")
    return Settings(
        quality=getattr(params, "quality", ""),
        values=_values(params),
        width=width,
        height=height,
        frames=frames,
        made=made,
        fps=fps,
        scheduler="" if scheduler == "own" else scheduler,
        cache="" if cache == "none" else cache,
        precision=_precision(params),
    )


def _profile(params: RecipeParams) -> Mapping[str, Any]:
    return params.recipe.quality.get(getattr(params, "quality", ""), {})  # type: ignore[call-overload, no-any-return]


def _precision(params: RecipeParams) -> str:
    asked: str = params.precision  # type: ignore[attr-defined]
    return _profile(params).get("precision", "auto") if asked == "auto" else asked


def _values(params: RecipeParams) -> dict[str, Any]:
    profile, values = _profile(params), {}
    for name, param in params.recipe.params.items():
        given = getattr(params, name)
        values[name] = profile.get(name, param.default) if given is None else given
    return values


def _size(
    params: RecipeParams,
    profile: Mapping[str, Any],
    facts: Mapping[str, Sequence[MediaFacts]],
) -> tuple[int, int]:
    size = params.recipe.size
    if size is None:
        return 0, 0
    width, height = params.width, params.height  # type: ignore[attr-defined]
    if width and height:
        return int(width), int(height)
    wide, high = map(int, str(profile.get("size", size.default)).split("x"))
    aspect = wide / high
    for port in reversed(size.like):
        for fact in facts.get(port, ())[:1]:
            aspect = fact.width / fact.height if fact.width and fact.height else aspect
    if width:
        return int(width), _snapped(width / aspect, size)
    if height:
        return _snapped(height * aspect, size), int(height)
    if aspect == wide / high:
        return wide, high
    tall = math.sqrt(wide * high / aspect)
    return _snapped(tall * aspect, size), _snapped(tall, size)


def _snapped(side: float, size: Size) -> int:
    """The nearest side that the model can make."""
    least = -(-size.minimum // size.multiple) * size.multiple
    return max(least, round(side / size.multiple) * size.multiple)
