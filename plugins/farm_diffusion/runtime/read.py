"""What came in at the ports, as a pipeline takes it.

Invariant: a picture has the size of what is made (unless its recipe says otherwise), a film has as many
pictures as the model makes, and nothing that cannot be read gets past here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from farm import InputError, InputFile, MediaFacts, Task
from farm.media.film import film
from farm.media.light import light_of, signal_of
from farm.media.planes import Picture
from farm.media.sound import RATE, sound_parts
from farm_diffusion.choices import RecipeParams, Settings
from farm_diffusion.runtime.libraries import library
from farm_diffusion.sections import Input

_LONGEST_TEXT = 100_000


def facts_of(task: Task[RecipeParams]) -> dict[str, list[MediaFacts]]:
    """What is known of the inputs, by port; a picture's size is read where nobody did."""
    found: dict[str, list[MediaFacts]] = {}
    for port, files in task.inputs.items():
        found[port] = [_facts(port, file) for file in files]
    return found


def _facts(port: str, file: InputFile) -> MediaFacts:
    facts = file.facts
    if file.kind.value == "image" and not facts.width:
        width, height = _picture(file.path, port, "RGB").size
        return MediaFacts(width=width, height=height, frames=1)
    if file.kind.value == "video" and not facts.frames:
        with film(file.path, port) as opened:
            size = opened.stream.codec_context
            return MediaFacts(
                width=size.width, height=size.height, frames=opened.count(), fps=opened.fps
            )
    return facts


def given(task: Task[RecipeParams], settings: Settings) -> dict[str, Any]:
    """What each port holds, ready for the call; ports without a file and a default are absent.

    Raises
    ------
    InputError : a file is not what its port takes.
    """
    found: dict[str, Any] = {}
    for port, how in task.params.recipe.inputs.items():
        files = task.inputs.get(port, ())
        if files:
            found[port] = _read(task, port, how, list(files), settings)
        elif how.default is not None:
            found[port] = how.default
    return found


def _read(
    task: Task[RecipeParams], port: str, how: Input, files: list[InputFile], settings: Settings
) -> Any:
    path = files[0].path
    if how.takes == "text":
        return _text(path, port)
    if how.takes == "json":
        return _json(path, port)
    if how.takes == "file":
        return path
    if how.takes == "audio":
        return _sound(task, port, how, path, settings)
    if how.takes == "images":
        return [_fitted(_picture(f.path, port, how.mode), how, settings) for f in files]
    if how.takes == "image":
        return _fitted(_picture(path, port, how.mode), how, settings)
    if how.takes == "mask":
        return _fitted(_picture(path, port, "L"), how, settings)
    return _frames(task, port, how, files[0], settings)


def _text(path: Path, port: str) -> str:
    try:
        text = path.read_text(encoding="utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise InputError(
            "is no text in UTF-8", where=port, got=str(error), code="diffusion.text"
        ) from error
    if len(text) > _LONGEST_TEXT:
        raise InputError(
            "is too long for a prompt",
            where=port,
            expected=f"at most {_LONGEST_TEXT} characters",
            got=str(len(text)),
            code="diffusion.text",
        )
    return text


def _json(path: Path, port: str) -> Any:
    text = path.read_text(encoding="utf-8")
    try:
        try:
            return json.loads(text)
        except json.JSONDecodeError:
            # JSON lines: a header and one line for each frame.
            return [json.loads(line) for line in text.splitlines() if line.strip()]
    except ValueError as error:
        raise InputError(
            "is neither JSON nor JSON lines", where=port, got=str(error), code="diffusion.json"
        ) from error


def _picture(path: Path, port: str, mode: str) -> Any:
    """A picture, upright, in a mode."""
    images = library("PIL.Image")
    try:
        with images.open(path) as opened:
            upright = library("PIL.ImageOps").exif_transpose(opened)
            if mode == "RGB" and "A" in upright.getbands():
                # What is see-through is white, as in a viewer.
                ground = images.new("RGBA", upright.size, "white")
                upright = images.alpha_composite(ground, upright.convert("RGBA"))
            return upright.convert(mode)
    except (OSError, ValueError, images.DecompressionBombError) as error:
        raise InputError(
            "cannot be read as a picture",
            where=port,
            got=str(error),
            mend="Send a PNG or JPEG.",
            code="diffusion.picture",
        ) from error


def _fitted(picture: Any, how: Input, settings: Settings) -> Any:
    """A picture at the size of what is made."""
    size = (settings.width, settings.height)
    if how.fit == "keep" or not settings.width or picture.size == size:
        return picture
    best = library("PIL.Image").Resampling.LANCZOS
    if how.fit == "stretch":
        return picture.resize(size, best)
    fits = library("PIL.ImageOps")
    if how.fit == "contain":
        return fits.pad(picture, size, best)
    return fits.fit(picture, size, best)


def _frames(
    task: Task[RecipeParams], port: str, how: Input, file: InputFile, settings: Settings
) -> list[Any]:
    """Pictures of a film at the rate of what is made, those of the task's window."""
    mode = "L" if how.takes == "masks" else how.mode
    if file.kind.value == "image":
        return [_fitted(_picture(file.path, port, mode), how, settings)] * settings.made
    images = library("PIL.Image")
    start = task.window.start if task.window and not how.whole else 0
    with film(file.path, port) as opened:
        count, ratio = opened.count(), opened.fps / settings.fps
        wanted = round(count / ratio) if how.whole else settings.frames
        # The picture that is seen at the middle of each new one's time; the last one stays.
        numbers = [
            min(count - 1, int((start + at + Fraction(1, 2)) * ratio))
            for at in range(max(1, wanted))
        ]
        pictures: list[Any] = []
        seen: dict[int, Any] = {}
        unique = sorted(set(numbers))
        for number, picture in zip(unique, opened.picked(unique), strict=True):
            seen[number] = _fitted(images.fromarray(_rgb(picture)).convert(mode), how, settings)
            task.checkpoint()
        pictures = [seen[number] for number in numbers]
    if not how.whole:
        pictures += pictures[-1:] * (settings.made - len(pictures))
    return pictures


def _rgb(picture: Picture) -> NDArray[np.uint8]:
    """uint8 (H, W, 3)."""
    signal = signal_of(light_of(picture))
    return np.ascontiguousarray(
        np.rint(signal.clip(0, 1) * 255).astype(np.uint8).transpose(1, 2, 0)
    )


def _sound(
    task: Task[RecipeParams], port: str, how: Input, path: Path, settings: Settings
) -> NDArray[np.float32]:
    """float32 (channels, samples) at the recipe's rate; of the window where the task is one."""
    parts = list(sound_parts(path, port))
    sound = np.concatenate(parts, axis=1) if parts else np.zeros((2, 1), np.float32)
    if task.window and not how.whole:
        first = round(task.window.start / settings.fps * RATE)
        length = round(settings.frames / settings.fps * RATE)
        sound = sound[:, first : first + length]
        sound = np.pad(sound, ((0, 0), (0, length - sound.shape[1])))
    if how.sample_rate == RATE:
        return sound
    return _resampled(sound, how.sample_rate)


def _resampled(sound: NDArray[np.float32], rate: int) -> NDArray[np.float32]:
    from av.audio.frame import AudioFrame
    from av.audio.resampler import AudioResampler

    frame = AudioFrame.from_ndarray(np.ascontiguousarray(sound), format="fltp", layout="stereo")
    frame.sample_rate = RATE
    made = AudioResampler(format="fltp", layout="stereo", rate=rate)
    parts = [part.to_ndarray() for given in (frame, None) for part in made.resample(given)]
    return np.concatenate(parts, axis=1).astype(np.float32)


def arguments(
    task: Task[RecipeParams], settings: Settings, read: Mapping[str, Any]
) -> dict[str, Any]:
    """The call's arguments as the recipe names them."""
    recipe = task.params.recipe
    found: dict[str, Any] = dict(recipe.constants)
    for port, value in read.items():
        if recipe.inputs[port].argument:
            found[recipe.inputs[port].argument] = value
    for name, value in settings.values.items():
        if recipe.params[name].argument:
            found[recipe.params[name].argument] = value
    if recipe.size:
        sides = zip(recipe.size.arguments, (settings.width, settings.height), strict=True)
        found |= {name: side for name, side in sides if name}
    if recipe.frames:
        if recipe.frames.argument:
            found[recipe.frames.argument] = settings.made
        if recipe.frames.fps_argument:
            found[recipe.frames.fps_argument] = float(settings.fps)
    return found
