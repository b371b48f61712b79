"""What loops of their own are made of: parts of a take, sounds as numbers, faces, moments."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from film_material import faces, poses, said
from PIL import Image

from farm import InputError
from farm_diffusion.calls.directions import directed
from farm_diffusion.calls.faces import boxes_of, face_film
from farm_diffusion.calls.keyframes import Keyframe, read, spread
from farm_diffusion.calls.mel import FLOOR, N_FFT, log_mel
from farm_diffusion.calls.svd import motion_of
from farm_diffusion.calls.together import in_parts, noise_of_frames, parts


class Neighbours(torch.nn.Module):
    """Adds to each frame the mean of all that it sees; frames lie on axis 1."""

    longest = 0

    def forward(self, sample: Any, scale: float, *, each: Any, return_dict: bool = True) -> Any:
        self.longest = max(self.longest, sample.shape[1])
        assert len(each) == sample.shape[0] * sample.shape[1]
        made = sample * scale + sample.mean(1, keepdim=True) + each.view(*sample.shape[:2], 1)
        return SimpleNamespace(sample=made) if return_dict else (made,)


@pytest.mark.parametrize(
    ("frames", "size", "overlap"), [(8, 16, 4), (17, 16, 4), (48, 16, 4), (9, 4, 3)]
)
def test_parts_hold_every_frame_and_are_as_long_as_the_network_likes(
    frames: int, size: int, overlap: int
) -> None:
    cuts = parts(frames, size, overlap)
    assert {at for start, stop in cuts for at in range(start, stop)} == set(range(frames))
    assert {stop - start for start, stop in cuts} == {min(size, frames)}
    assert all(b - a <= size - overlap for (a, _), (b, _) in pairwise(cuts))


def test_a_take_in_parts_is_the_weighted_mean_of_its_parts() -> None:
    network, chance = Neighbours(), torch.Generator().manual_seed(1)
    film = torch.rand((2, 6, 3), generator=chance)
    each = torch.rand((12, 1), generator=chance)
    with in_parts(network, axis=1, size=4, overlap=2):
        made = network(film, 2.0, each=each).sample
    first, second = (
        network(film[:, a:b], 2.0, each=each.view(2, 6, 1)[:, a:b].flatten(0, 1)).sample
        for a, b in ((0, 4), (2, 6))
    )
    # Weights of four frames are 1, 2, 2, 1.
    assert torch.allclose(made[:, :2], first[:, :2])
    assert torch.allclose(made[:, 2], (2 * first[:, 2] + second[:, 0]) / 3)
    assert torch.allclose(made[:, 3], (first[:, 3] + 2 * second[:, 1]) / 3)
    assert network.longest == 4


def test_a_take_that_fits_is_predicted_as_ever_and_the_network_is_given_back() -> None:
    network = Neighbours()
    film, each = torch.rand(1, 4, 3), torch.rand(4, 1)
    alone = network(film, 1.0, each=each, return_dict=False)[0]
    with pytest.raises(ZeroDivisionError), in_parts(network, axis=1, size=4, overlap=2):
        assert torch.equal(network(film, 1.0, each=each, return_dict=False)[0], alone)
        1 / 0  # noqa: B018
    assert "forward" not in vars(network)


def test_the_noise_of_a_frame_does_not_depend_on_its_window() -> None:
    one, other = noise_of_frames(7, 0, 8, (4, 2, 2)), noise_of_frames(7, 4, 12, (4, 2, 2))
    assert torch.equal(one[4:], other[:4])
    assert len({frame.numpy().tobytes() for frame in torch.cat([one, other[4:]])}) == 12
    assert not torch.equal(noise_of_frames(8, 0, 8, (4, 2, 2)), one)


def test_sound_is_heard_as_the_reference_implementation_hears_it() -> None:
    from transformers.audio_utils import mel_filter_bank, spectrogram, window_function

    rate, hop, bins = 16_000, 160, 64
    wave = np.random.default_rng(0).normal(0, 0.2, 8_000).astype(np.float32)
    bank = mel_filter_bank(N_FFT // 2 + 1, bins, 0.0, rate / 2, rate, "slaney", "slaney")
    expected = spectrogram(
        wave, window_function(N_FFT, "hann"), N_FFT, hop, power=1.0, mel_filters=bank,
        mel_floor=FLOOR, log_mel="log",
    )  # fmt: skip
    heard = log_mel(torch.from_numpy(wave[None]), rate, hop, bins)
    assert heard.shape == (1, 1 + 8_000 // hop, bins)
    assert np.abs(heard[0].T.numpy() - expected).max() < 1e-3


def test_silence_and_the_shortest_sound_are_heard_too() -> None:
    assert log_mel(torch.zeros(2, 1), 16_000, 160, 16).eq(np.float32(np.log(FLOOR))).all()


def test_a_face_is_cut_out_where_it_is_and_black_where_nobody_is(tmp_path: Path) -> None:
    path = faces(tmp_path / "faces.jsonl", [[16.0, 16.0, 32.0, 32.0], None])
    boxes = boxes_of(path, Fraction(12), range(3))
    # At half the rate frame 0 is in the middle of the file's frames 0 and 1, and so on.
    assert boxes == [None, None, None]
    boxes = boxes_of(path, Fraction(24), range(3))
    assert boxes == [(0.25, 0.25, 0.5, 0.5), None, None]
    film = np.zeros((128, 128, 3), np.uint8)
    film[32:64, 32:64] = 200
    cut, nobody, _ = map(np.asarray, face_film([Image.fromarray(film)] * 3, boxes, 20))
    assert cut.shape == (20, 20, 3)
    assert cut[10, 10].min() > 190
    assert cut[0, 0].max() < 20
    assert nobody.max() == 0


def test_a_file_that_holds_no_faces_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"farm\.face/1"):
        boxes_of(poses(tmp_path / "pose.jsonl", 3, 1.0), Fraction(24), range(3))


def test_the_more_a_pose_moves_the_more_motion_is_asked_for(tmp_path: Path) -> None:
    asked = [motion_of(poses(tmp_path / "pose.jsonl", 9, step)) for step in (0.0, 0.5, 1.0, 40.0)]
    assert asked == sorted(set(asked))
    assert asked[0] == 32
    assert asked[-1] == 255
    with pytest.raises(InputError, match=r"farm\.pose/1"):
        motion_of(said(tmp_path / "no.jsonl", "{}"))


def test_keyframes_are_read_in_the_order_of_time() -> None:
    document = {"keyframes": [{"image": 1, "at_s": 0.5, "strength": 0.4}, {"image": 0, "frame": 3}]}
    assert read(document, 2, 24.0, 25) == [Keyframe(0, 3), Keyframe(1, 12, 0.4)]
    assert spread(3, 25) == [Keyframe(0, 0), Keyframe(1, 12), Keyframe(2, 24)]
    assert spread(1, 25) == [Keyframe(0, 0)]


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        ({}, "keyframes"),
        ({"keyframes": []}, "keyframes"),
        ({"keyframes": ["first"]}, "image, at_s"),
        ({"keyframes": [{"image": 2, "at_s": 0}]}, "an image from 0 to 1"),
        ({"keyframes": [{"image": 0, "at_s": 2}]}, "a moment before 1.042 s"),
        ({"keyframes": [{"image": 0, "at_s": 0, "strength": 2}]}, "a strength from 0 to 1"),
        ({"keyframes": [{"image": 0, "frame": 4}, {"image": 1, "frame": 4}]}, "at frame 4"),
    ],
)
def test_keyframes_that_cannot_be_shown_are_refused(document: object, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        read(document, 2, 24.0, 25)


def test_light_and_camera_are_said_after_the_prompt_and_only_if_asked_for() -> None:
    def told(**values: str) -> str:
        settings = SimpleNamespace(values=values)
        return directed(SimpleNamespace(arguments={"prompt": "a dance"}, settings=settings))  # type: ignore[arg-type]

    assert told(light="none", camera="still") == told() == "a dance"
    assert told(light="neon+pulse", camera="orbit") == (
        "a dance, neon lights, the light pulses, the camera orbits"
    )
