"""Films in windows: made one after another, made again alone, and against the pipelines' own loops."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_task
import tiny_weights
import torch
from film_material import FPS, clip, faces, picture, poses, said, sound
from PIL import Image

from farm import InputError, ParameterError, TaskCancelled, Window
from farm.media.film import film
from farm.media.maps import write_maps
from farm_diffusion.calls import wan_animate, wan_animate_2
from farm_diffusion.calls.chain import at_least, part_of, span_of
from farm_diffusion.calls.tail import read_tail, write_tail

Inputs = Callable[[Path], dict[str, Any]]


def animated(folder: Path) -> dict[str, Any]:
    return {
        "character": picture(folder / "character.png"),
        "control": clip(folder / "control.mkv", 14, seed=1),
    }


def driven(folder: Path) -> dict[str, Any]:
    boxes = [[16.0, 16.0, 40.0, 40.0]] * 7 + [None] * 7
    return {
        **animated(folder),
        "motion": clip(folder / "motion.mkv", 14, seed=2),
        "motion_face": faces(folder / "faces.jsonl", boxes),
    }


def replaced(folder: Path) -> dict[str, Any]:
    return {
        **animated(folder),
        "video": clip(folder / "video.mkv", 14, seed=3),
        "matte": clip(folder / "matte.mkv", 14, seed=4, mask=True),
    }


def posed(folder: Path) -> dict[str, Any]:
    return {
        "character": picture(folder / "character.png"),
        "pose": poses(folder / "pose.jsonl", 14, 1.0),
    }


def steered(folder: Path) -> dict[str, Any]:
    return {
        "control": clip(folder / "control.mkv", 14, seed=1),
        "mask": clip(folder / "mask.mkv", 14, seed=2, mask=True),
        "reference": picture(folder / "reference.png"),
        "prompt": said(folder / "prompt.txt", "a red boat"),
    }


def from_picture(folder: Path) -> dict[str, Any]:
    return {
        "image": picture(folder / "first.png"),
        "prompt": said(folder / "prompt.txt", "a red boat"),
    }


def from_film(folder: Path) -> dict[str, Any]:
    return {
        "video": clip(folder / "before.mkv", 12),
        "prompt": said(folder / "prompt.txt", "a red boat"),
    }


def from_words(folder: Path) -> dict[str, Any]:
    return {"prompt": said(folder / "prompt.txt", "a red boat")}


def heard(folder: Path) -> dict[str, Any]:
    return {
        "image": picture(folder / "face.png"),
        "audio": sound(folder / "voice.wav", 0.56),
    }


ANIMATE = "character.animate"
SHORT = {"part": 4, "part_overlap": 2}
PARTS = {"motion_adapter_model": "motion-adapter", "controlnet_model": "pose-control"}
# Name, capability, provider, model, inputs, side, window, overlap, further parameters.
CHAINED: dict[str, tuple[str, str, str, Inputs, int, int, int, dict[str, Any]]] = {
    "wan_animate": (ANIMATE, "wan_animate", "wan-animate", driven, 32, 8, 2, {"light": "neon"}),
    "wan_animate_2": (
        ANIMATE,
        "wan_animate_2",
        "wan-animate-2",
        driven,
        32,
        9,
        5,
        {"compile": "on"},
    ),
    "replace": ("character.replace", "wan_animate", "wan-animate", replaced, 32, 10, 5, {}),
    "vace": ("video.control", "wan_vace", "wan-vace", steered, 32, 9, 5, {}),
    "skyreels": ("video.extend", "skyreels", "skyreels-df", from_picture, 32, 9, 5, {}),
    "speak": ("video.speak", "ltx2_speak", "ltx-2-dfr", heard, 64, 9, 1, {}),
}
FREE: dict[str, tuple[str, str, str, Inputs, int, int, int, dict[str, Any]]] = {
    "svd": (ANIMATE, "svd", "svd", posed, 64, 8, 4, SHORT),
    "animatediff": (ANIMATE, "animatediff", "sd15", animated, 32, 8, 4, SHORT | PARTS),
}
FRAMES = 14


@pytest.fixture(autouse=True)
def as_a_task() -> Iterator[None]:
    """One thread, as in an engine; and nothing is compiled: the mask of Wan-Animate-2's attention
    would take half a minute."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.compiler.set_stance("force_eager")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    torch.compiler.set_stance("default")
    torch.set_num_threads(threads)


def one(
    case: tuple[str, str, str, Inputs, int, int, int, dict[str, Any]],
    folder: Path,
    window: Window,
    tail: Path | None = None,
    **task: Any,
) -> dict[str, Path]:
    capability, provider, model, inputs, side, size, overlap, more = case
    folder.mkdir(exist_ok=True, parents=True)
    given = inputs(folder) | ({"tail": tail} if tail else {})
    params = {"model": model, "steps": 2, "width": side, "height": side, "frames": FRAMES}
    params |= {"window": size, "overlap": overlap, **more}
    stage = tiny_task.stage(capability, provider)
    return tiny_task.run(stage, folder / "work", given, params, window=window, **task)


def cut(case: tuple[str, str, str, Inputs, int, int, int, dict[str, Any]]) -> list[Window]:
    return tiny_task.windows(FRAMES, case[5], case[6])


@pytest.mark.parametrize("name", CHAINED)
def test_chained_windows_share_frames_to_the_bit_and_can_be_made_again_alone(
    name: str, tmp_path: Path
) -> None:
    case = CHAINED[name]
    overlap, windows = case[6], cut(case)
    assert len(windows) > 1
    made: list[dict[str, Path]] = []
    for window in windows:
        tail = made[-1]["tail"] if made else None
        made.append(one(case, tmp_path / str(window.index), window, tail))
    films = [tiny_task.frames_of(files["video"]) for files in made]
    assert [len(frames) for frames in films] == [window.frames for window in windows]
    for before, after in pairwise(films):
        assert before[-overlap:] == after[:overlap]
    whole = films[0] + [frame for frames in films[1:] for frame in frames[overlap:]]
    assert len(whole) == FRAMES
    assert len(set(whole)) > FRAMES // 2, "a film in which nothing moves"

    again = one(case, tmp_path / "again", windows[-1], made[-2]["tail"])
    assert again["video"].read_bytes() == made[-1]["video"].read_bytes()
    assert again["tail"].read_bytes() == made[-1]["tail"].read_bytes()


@pytest.mark.parametrize("name", FREE)
def test_free_windows_are_made_alone_and_show_shared_frames_alike(
    name: str, tmp_path: Path
) -> None:
    case = FREE[name]
    overlap, windows = case[6], cut(case)
    films = [
        np.array([list(frame) for frame in tiny_task.frames_of(files["video"])], np.float32)
        for files in (one(case, tmp_path / str(w.index), w) for w in windows)
    ]
    assert [len(frames) for frames in films] == [window.frames for window in windows]
    for before, after in pairwise(films):
        shared = np.abs(before[-overlap:] - after[:overlap]).mean()
        strangers = np.abs(before[:overlap] - after[:overlap]).mean()
        assert shared < strangers


def test_a_window_stopped_between_two_steps_is_the_same_when_it_is_made_again(
    tmp_path: Path,
) -> None:
    case = CHAINED["wan_animate"]
    window = cut(case)[0]
    whole = one(case, tmp_path / "whole", window)["tail"].read_bytes()
    with pytest.raises(TaskCancelled):
        one(case, tmp_path / "stopped", window, cancel_after=2)
    assert one(case, tmp_path / "again", window)["tail"].read_bytes() == whole


@pytest.mark.parametrize("inputs", [from_film, from_words])
def test_a_long_film_may_begin_with_a_film_or_with_words_alone(
    inputs: Inputs, tmp_path: Path
) -> None:
    case = CHAINED["skyreels"]
    window = cut(case)[0]
    files = one((*case[:3], inputs, *case[4:]), tmp_path, window)
    assert len(tiny_task.frames_of(files["video"])) == window.frames


def test_a_loop_that_draws_from_torchs_own_numbers_makes_the_same_cold_and_warm(
    tmp_path: Path,
) -> None:
    case = CHAINED["skyreels"]
    models = tiny_task.TinyModels()
    cold, warm = (
        one(case, tmp_path / name, cut(case)[0], models=models)["tail"].read_bytes()
        for name in ("cold", "warm")
    )
    assert cold == warm


def test_the_sound_moves_the_one_who_speaks(tmp_path: Path) -> None:
    case = CHAINED["speak"]

    def silent(folder: Path) -> dict[str, Any]:
        return heard(folder) | {"audio": sound(folder / "other.wav", 0.05)}

    window = cut(case)[0]
    loud = one(case, tmp_path / "loud", window)["video"].read_bytes()
    assert (
        one((*case[:3], silent, *case[4:]), tmp_path / "silent", window)["video"].read_bytes()
        != loud
    )


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("wan_animate", {"precision": "bfloat16"}),
        ("svd", {"precision": "bfloat16"}),
        ("speak", {"precision": "bfloat16", "memory": "model"}),
        ("wan_animate_2", {"memory": "model"}),
        ("animatediff", {"memory": "group"}),
    ],
)
def test_windows_are_made_in_the_numbers_and_with_the_memory_of_a_card(
    name: str, how: dict[str, str], tmp_path: Path
) -> None:
    case = (CHAINED | FREE)[name]
    window = cut(case)[0]
    files = one((*case[:7], {**case[7], **how}), tmp_path, window)
    assert len(set(tiny_task.frames_of(files["video"]))) == window.frames


def test_a_window_hears_the_sound_of_its_own_frames_alone(tmp_path: Path) -> None:
    case = CHAINED["speak"]
    first, second = cut(case)[:2]

    def cut_short(folder: Path) -> dict[str, Any]:
        # Until frame 9 at 25 frames a second the same, then nothing.
        return heard(folder) | {"audio": sound(folder / "short.wav", 0.36)}

    shorter = (*case[:3], cut_short, *case[4:])
    whole = one(case, tmp_path / "whole", first)
    assert (
        one(shorter, tmp_path / "short", first)["video"].read_bytes() == whole["video"].read_bytes()
    )
    after = [
        one(which, tmp_path / name, second, whole["tail"])["video"].read_bytes()
        for name, which in (("whole", case), ("short", shorter))
    ]
    assert after[0] != after[1]


def test_a_matte_of_sixteen_bits_is_the_same_mask(tmp_path: Path) -> None:
    case = CHAINED["replace"]

    def measured(folder: Path) -> dict[str, Any]:
        given = replaced(folder)
        with film(given["matte"], "matte") as opened:
            greys = [picture.planes[0].astype(np.uint16) * 257 for picture in opened.pictures()]
        write_maps(folder / "measured.mkv", greys, FPS)
        return given | {"matte": folder / "measured.mkv"}

    window = cut(case)[0]
    plain = one(case, tmp_path / "plain", window)["video"].read_bytes()
    grey = one((*case[:3], measured, *case[4:]), tmp_path / "grey", window)["video"]
    assert grey.read_bytes() == plain


def test_a_pose_is_asked_for_where_nothing_goes_without(tmp_path: Path) -> None:
    case = CHAINED["wan_animate"]

    def still(folder: Path) -> dict[str, Any]:
        return {"character": picture(folder / "character.png")}

    with pytest.raises(InputError, match="control"):
        one((*case[:3], still, *case[4:]), tmp_path, cut(case)[0])


def pictures(count: int, seed: int, side: int = 32) -> list[Image.Image]:
    chance = np.random.default_rng(seed)
    return [
        Image.fromarray(chance.integers(0, 255, (side, side, 3), dtype=np.uint8))
        for _ in range(count)
    ]


@pytest.mark.parametrize(
    ("mode", "length", "lead", "frames"), [("animate", 9, 1, 16), ("replace", 13, 5, 20)]
)
def test_segments_of_wan_animate_are_those_of_its_own_loop(
    mode: str, length: int, lead: int, frames: int
) -> None:
    from diffusers import WanAnimatePipeline

    pipe = WanAnimatePipeline.from_pretrained(
        str(tiny_weights.folder("wan-animate")), local_files_only=True
    )
    pipe.set_progress_bar_config(disable=True)
    pose, face = pictures(frames, 1), pictures(frames, 2, 16)
    films = {"pose_video": pose, "face_video": face}
    if mode == "replace":
        masks = [Image.new("L", (32, 32), 255 * (n % 2)) for n in range(frames)]
        films |= {"background_video": pictures(frames, 3), "mask_video": masks}
    said = {
        "image": pictures(1, 4)[0],
        "prompt": "a dance",
        "mode": mode,
        "height": 32,
        "width": 32,
        "num_inference_steps": 2,
        "segment_frame_length": length,
        "prev_segment_conditioning_frames": lead,
        "max_sequence_length": 16,
    }

    def chance() -> torch.Generator:
        return torch.Generator("cpu").manual_seed(5)

    native = pipe(**said, **films, generator=chance(), output_type="np").frames[0]
    made: list[torch.Tensor] = []
    tail, noise = None, chance()
    for start in range(0, frames - lead, length - lead):
        given = {name: part_of(film, start, length) for name, film in films.items()}
        with wan_animate.segment(pipe, tail, start):
            decoded = pipe(**said, **given, generator=noise).frames
        tail = decoded[-lead:]
        made.append(decoded if start == 0 else decoded[lead:])
    seen = (torch.cat(made)[:frames] / 2 + 0.5).clamp(0, 1).permute(0, 2, 3, 1).numpy()
    assert np.array_equal(seen, native)


def test_segments_of_wan_animate_2_are_those_of_its_own_loop() -> None:
    from diffusers import WanAnimate2ModularPipeline

    pipe = WanAnimate2ModularPipeline.from_pretrained(
        str(tiny_weights.folder("wan-animate-2")), local_files_only=True
    )
    pipe.load_components(torch_dtype=torch.float32, local_files_only=True)
    driving, length, lead = pictures(17, 1), 9, 1
    said = {
        "image": pictures(1, 4)[0],
        "prompt": "a dance",
        "negative_prompt": "",
        "height": 32,
        "width": 32,
        "num_inference_steps": 2,
        "segment_frame_length": length,
        "prev_segment_conditioning_frames": lead,
        "max_sequence_length": 16,
    }

    def chance() -> torch.Generator:
        return torch.Generator("cpu").manual_seed(5)

    native = pipe(
        driving_video=driving, **said, generator=chance(), output="videos", output_type="np"
    )
    made: list[torch.Tensor] = []
    tail, noise = None, chance()
    for start in (0, length - lead):
        with wan_animate_2.segment(pipe, tail) as found:
            pipe(
                driving_video=driving[start : start + length],
                **said,
                generator=noise,
                output="videos",
            )
        tail = found["frames"][-lead:]
        made.append(found["frames"] if start == 0 else found["frames"][lead:])
    seen = (torch.cat(made) / 2 + 0.5).clamp(0, 1).permute(0, 2, 3, 1).numpy()
    assert np.allclose(seen, native[0], atol=1e-6)
    with pytest.raises(TaskCancelled), wan_animate_2.compiled(pipe.transformer, True):
        assert any(part._compiled_call_impl for part in pipe.transformer.modules())
        raise TaskCancelled("stopped")
    assert not any(part._compiled_call_impl for part in pipe.transformer.modules())


@pytest.mark.parametrize("overlap", [1, 4, 5, 16])
@pytest.mark.parametrize(("step", "plus"), [(4, 1), (8, 1)])
def test_spans_cover_a_film_without_a_gap(overlap: int, step: int, plus: int) -> None:
    covered = 0
    for window in tiny_task.windows(200, 48, overlap):
        span = span_of(window, overlap, lead=9, step=step, plus=plus)
        assert (span.made - plus) % step == 0
        assert span.made >= span.lead + span.fresh
        assert span.shared + span.fresh == window.frames
        assert span.start + span.lead == covered
        assert span.lead <= span.shared
        covered = span.stop
    assert covered == 200


def test_an_overlap_that_holds_nothing_to_go_on_from_is_refused() -> None:
    with pytest.raises(ParameterError, match=r"overlap.*at least 1"):
        span_of(Window(1, 2, 48, 96), 0, lead=5, step=4, plus=1)


def test_frames_beyond_the_end_go_to_and_fro() -> None:
    assert part_of("abcd", 2, 7) == list("cdcbabc")
    assert part_of("a", 5, 2) == ["a", "a"]
    assert [at_least(frames, 4, 1) for frames in (1, 2, 5, 6)] == [1, 5, 5, 9]


def test_a_tail_of_another_length_is_refused(tmp_path: Path) -> None:
    path = write_tail(tmp_path / "tail.safetensors", torch.rand(3, 3, 4, 4))
    assert read_tail(path, 3).shape == (3, 3, 4, 4)
    with pytest.raises(InputError, match="4 frames"):
        read_tail(path, 4)
