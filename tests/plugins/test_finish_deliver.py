"""Films as they are handed over: codecs, settings, colours and transparency, read back by others."""

from __future__ import annotations

import errno
import re
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from direct_task import DirectTask, run_stage
from ffmpeg_reference import call, psnr, seen
from nasty_clips import display_matrix, film, frames, mirrored, tone
from PIL import Image
from pydantic import ValidationError
from test_finish import atoms, colour_tags, times

import farm_finish
from farm import InputError, ResourceError
from farm_finish.deliver import hardware
from farm_finish.params import EncodeParams
from farm_finish.stamp import stamp

STAGES = {stage.id: stage for stage in farm_finish.farm_stages()}
ENCODE = STAGES["video.encode/farm_finish"]
PRORES = STAGES["video.prores/farm_finish"]
NORMALISE = STAGES["media.normalise/farm_finish"]
POSTER = STAGES["image.poster/farm_finish"]
HDR = (9, 9, 16, 1)
DISPLAY = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"


def encoded(source: Path, folder: Path, **params) -> Path:
    return run_stage(ENCODE, folder, {"video": source}, params)["video"]


def key_frames(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(packet.is_keyframe for packet in container.demux(video=0) if packet.size)


def noise(index: int, width: int, height: int) -> np.ndarray:
    rng = np.random.default_rng(index)
    soft = rng.integers(0, 256, (height // 4, width // 4, 3), dtype=np.uint8)
    return np.repeat(np.repeat(soft, 4, axis=0), 4, axis=1)


def see_through(index: int, width: int, height: int) -> np.ndarray:
    """Red over a ramp of alpha from left to right."""
    picture = np.zeros((height, width, 4), np.uint8)
    picture[..., 0] = 220
    picture[..., 3] = np.linspace(0, 255, width).round().astype(np.uint8)[None]
    return picture


# --- what was misread -----------------------------------------------------------------------------


def test_a_film_of_key_frames_is_delivered_with_pictures_between_them(tmp_path):
    source = film(tmp_path / "in.mkv", 24, codec="ffv1", g="1")
    assert key_frames(source) == 24
    assert key_frames(encoded(source, tmp_path / "out")) == 1


@pytest.mark.parametrize(("pixels", "depth"), [("gray", 8), ("gray10le", 10)])
@pytest.mark.parametrize("full", [False, True])
def test_greys_keep_their_levels_in_film_and_poster(tmp_path, pixels, depth, full):
    low, high = (0, 255) if full else (16, 235)
    levels = np.array([low, (low + high) // 2, high]) << (depth - 8)

    def steps(index: int, width: int, height: int) -> av.VideoFrame:
        kind = np.uint8 if depth == 8 else np.uint16
        plane = np.repeat(levels, width // 3)[None].repeat(height, axis=0).astype(kind)
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(plane), format=pixels)
        frame.color_range = 2 if full else 1
        return frame

    source = film(tmp_path / "in.mkv", 3, codec="ffv1", pixels=pixels, draw=steps,
                  colour=(1, 1, 1, 2 if full else 1))  # fmt: skip
    made = encoded(source, tmp_path / "out", profile="high")
    luma = frames(made)[0][: 96 * 64].reshape(64, 96)
    assert [int(luma[32, x]) for x in (16, 48, 80)] == pytest.approx([16, 125.5, 235], abs=1)
    poster = run_stage(POSTER, tmp_path / "poster", {"video": source})["image"]
    shown = np.asarray(Image.open(poster).convert("L"))
    assert [int(shown[32, x]) for x in (16, 48, 80)] == pytest.approx([0, 127, 255], abs=2)


def test_mirrored_and_turned_films_come_out_as_players_show_them(tmp_path):
    source = film(tmp_path / "in.mp4", 4, crf="4")
    stored = [picture.astype(int) for picture in frames(source, "gray")]
    swapped = mirrored(source, tmp_path / "mirrored.mp4", (96, 64))
    both = display_matrix(source, tmp_path / "both.mp4", (0, 1, 1, 0, 0, 0))
    for path, turn in ((swapped, np.fliplr), (both, np.transpose)):
        wanted = [turn(picture) for picture in stored]
        shown = frames(encoded(path, tmp_path / path.stem, profile="high"), "gray")[0].astype(int)
        assert shown.shape == wanted[0].shape
        assert np.abs(shown - wanted[0]).mean() < 2
        poster = run_stage(POSTER, tmp_path / f"{path.stem}-poster", {"video": path})["image"]
        still = np.asarray(Image.open(poster).convert("L")).astype(int)
        assert still.shape == wanted[0].shape
        alike = [np.corrcoef(still.ravel(), picture.ravel())[0, 1] for picture in wanted]
        assert max(alike) > 0.99


def test_pixels_that_are_not_square_are_made_so(tmp_path):
    source = film(tmp_path / "in.mp4", 2, aspect=Fraction(2))
    assert frames(encoded(source, tmp_path / "out"), "gray")[0].shape == (64, 192)


def test_a_film_goes_on_after_a_hole_in_its_time_stamps(tmp_path):
    moments = [*range(12), *(24 * 60 + index for index in range(12))]
    source = film(tmp_path / "in.mkv", moments, codec="ffv1")
    made = encoded(source, tmp_path / "out")
    assert times(made) == [Fraction(index, 24) for index in range(24)]


def test_sound_ends_with_the_pictures_where_the_file_does_not_count_them(tmp_path):
    source = film(tmp_path / "in.mkv", 12, codec="ffv1", sound=[(0, tone(2.0))])
    heard = seen(encoded(source, tmp_path / "out"), tmp_path / "seen", "yuv420p", sound="anull")
    assert heard.sound.shape[1] == pytest.approx(24_000, abs=1024)


def test_transparent_pictures_are_put_over_the_background(tmp_path):
    source = film(tmp_path / "in.mkv", 2, codec="ffv1", pixels="bgra", draw=see_through)
    made = encoded(source, tmp_path / "out", background="#0000ff", profile="master")
    rgb = seen(made, tmp_path / "seen", "rgb24", "scale=in_color_matrix=bt709").frames[0]
    row = np.frombuffer(rgb, np.uint8).reshape(64, 96, 3)[32].astype(int)
    assert row[1] == pytest.approx([2, 0, 253], abs=9)
    assert row[94] == pytest.approx([218, 0, 2], abs=9)


# --- rate -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_two_passes_meet_the_bit_rate_and_repeat_their_bytes(tmp_path, codec):
    def calm_then_wild(index: int, width: int, height: int) -> np.ndarray:
        return noise(index if index >= 48 else 0, width, height)

    source = film(tmp_path / "in.mkv", 96, codec="ffv1", draw=calm_then_wild, size=(128, 96))
    how = {"codec": codec, "profile": "draft", "bitrate_kbps": 300}
    twice = [encoded(source, tmp_path / n, passes=2, **how) for n in "ab"]
    assert twice[0].read_bytes() == twice[1].read_bytes()
    with av.open(str(twice[0])) as container:
        size = sum(packet.size for packet in container.demux(video=0))
    assert size * 8 / 4 == pytest.approx(300_000, rel=0.2)
    assert twice[0].read_bytes() != encoded(source, tmp_path / "c", **how).read_bytes()
    assert times(twice[0]) == [Fraction(index, 24) for index in range(96)]


def test_a_cap_holds_where_constant_quality_would_go_beyond(tmp_path):
    source = film(tmp_path / "in.mkv", 96, codec="ffv1", draw=noise, size=(128, 96))
    free, capped = (
        encoded(source, tmp_path / str(cap), profile="draft", cap_kbps=cap) for cap in (0, 100)
    )
    assert free.stat().st_size * 8 / 4 > 300_000
    # Two seconds may be taken from what was left over before the film began.
    assert capped.stat().st_size * 8 <= 100_000 * (4 + 2) * 1.1


def test_settings_stand_in_for_the_profiles(tmp_path):
    source = film(tmp_path / "in.mkv", 12, codec="ffv1", draw=noise)
    sizes = [encoded(source, tmp_path / str(crf), crf=crf).stat().st_size for crf in (10, 30, 45)]
    assert sizes == sorted(sizes, reverse=True)
    calm = film(tmp_path / "calm.mkv", 24, codec="ffv1")
    assert key_frames(encoded(calm, tmp_path / "keys", keyframe_s=0.25)) >= 4
    deep = encoded(source, tmp_path / "deep", bits="10", chroma="444", preset="veryfast")
    with av.open(str(deep)) as container:
        assert container.streams.video[0].codec_context.pix_fmt == "yuv444p10le"


def test_each_profile_looks_better_than_the_one_before(tmp_path):
    source = film(tmp_path / "in.mkv", 6, codec="ffv1", size=(128, 96), draw=noise)
    told = b"".join(seen(source, tmp_path / "source", "yuv420p").frames)
    for codec in ("h264", "h265", "av1"):
        found = []
        for profile in ("draft", "standard", "high", "master"):
            made = encoded(source, tmp_path / f"{codec}-{profile}", codec=codec, profile=profile)
            pictures = b"".join(seen(made, tmp_path / "made", "yuv420p").frames)
            found.append(psnr(told, pictures))
        assert found == sorted(found)


@pytest.mark.parametrize(
    ("params", "complaint"),
    [
        ({"crf": 20, "bitrate_kbps": 500}, "exclude each other"),
        ({"crf": 60}, "up to 51"),
        ({"passes": 2}, "two passes"),
        ({"passes": 2, "bitrate_kbps": 500, "codec": "av1"}, "two passes"),
        ({"cap_kbps": 100, "bitrate_kbps": 500}, "below"),
        ({"preset": "warp"}, "no preset"),
        ({"preset": "slow", "codec": "av1"}, "no preset"),
        ({"chroma": "444", "codec": "av1"}, "420"),
        ({"hdr": "keep", "bits": "8"}, "10 bits"),
    ],
)
def test_settings_that_exclude_each_other_are_refused_before_the_work(params, complaint):
    with pytest.raises(ValidationError, match=complaint):
        EncodeParams(**params)


def test_pictures_that_an_encoder_does_not_take_are_refused(tmp_path):
    tiny = film(tmp_path / "in.mkv", 2, codec="ffv1", size=(2, 2))
    with pytest.raises(InputError) as refusal:
        encoded(tiny, tmp_path / "out", codec="h265")
    assert refusal.value.code == "encode.settings"


def test_a_full_disk_is_not_the_submitters_fault(tmp_path, monkeypatch):
    source = film(tmp_path / "in.mkv", 48, codec="ffv1", draw=noise, size=(128, 96))
    (tmp_path / "full.mp4").symlink_to("/dev/full")
    monkeypatch.setattr(DirectTask, "output", lambda *_: tmp_path / "full.mp4")
    with pytest.raises(OSError, match="No space left") as full:
        encoded(source, tmp_path / "out", profile="master")
    assert full.value.errno == errno.ENOSPC


def test_a_damaged_film_is_refused_and_nothing_is_handed_over(tmp_path):
    whole = film(tmp_path / "in.mp4", 48, draw=noise)
    data = bytearray(whole.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 4000] = bytes(4000)
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(data)
    for stage in (ENCODE, PRORES):
        with pytest.raises(InputError) as refusal:
            run_stage(stage, tmp_path / stage.capability, {"video": broken})
        assert refusal.value.where == "video"


# --- high dynamic range ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hdr(tmp_path_factory) -> Path:
    """A film in PQ and BT.2020 that tells of its display and light."""
    told = f"master-display={DISPLAY}:max-cll=1000,400:log-level=error:hdr10=1:repeat-headers=1"
    path = tmp_path_factory.mktemp("hdr") / "in.mkv"
    return film(path, 4, codec="libx265", pixels="yuv420p10le", colour=HDR, crf="4",
                size=(128, 96), **{"x265-params": told})  # fmt: skip


@pytest.mark.parametrize("codec", ["h264", "h265", "av1"])
def test_hdr_is_kept_with_its_tags_display_and_light_where_asked(tmp_path, hdr, codec):
    made = encoded(hdr, tmp_path / "out", codec=codec, hdr="keep", profile="master")
    assert colour_tags(made) == HDR
    with av.open(str(made)) as container:
        first = next(container.decode(video=0))
        assert first.format.name == "yuv420p10le"
    heard = call("-i", made, "-vf", "showinfo", "-f", "null", "-", complaints=True)
    assert "min_luminance=0.005" in heard.replace("min_luminance=0.0050", "min_luminance=0.005")
    assert "max_luminance=1000" in heard
    assert re.search(r"MaxCLL=1000, MaxFALL=400", heard)
    one, two = (b"".join(seen(path, tmp_path / n, "yuv420p10le").frames)
                for n, path in (("a", hdr), ("b", made)))  # fmt: skip
    assert psnr(one, two, deep=True) > 44


def test_hdr_is_mapped_as_normalising_does_where_not_asked(tmp_path, hdr):
    made = encoded(hdr, tmp_path / "out", profile="master")
    assert colour_tags(made) == (1, 1, 1, 1)
    lossless = run_stage(NORMALISE, tmp_path / "lossless", {"media": hdr})["video"]
    one, two = frames(made, "gray")[0].astype(int), frames(lossless, "gray")[0].astype(int)
    assert np.abs(one - two).mean() < 1.5


# --- ProRes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("profile", "tag", "pixels"),
    [
        ("lt", "apcs", "yuv422p10le"),
        ("standard", "apcn", "yuv422p10le"),
        ("hq", "apch", "yuv422p10le"),
        ("4444", "ap4h", "yuv444p12le"),
    ],
)
def test_prores_has_every_frame_tagged_with_exact_sound(tmp_path, profile, tag, pixels):
    sound = tone(0.5)
    source = film(tmp_path / "in.mkv", 12, codec="ffv1", size=(128, 96), sound=[(0, sound)])
    how = {"profile": profile, "metadata": {"title": "rushes"}}
    one, two = (run_stage(PRORES, tmp_path / n, {"video": source}, how)["video"] for n in "ab")
    assert one.read_bytes() == two.read_bytes()
    assert b"Lav" not in one.read_bytes()
    assert times(one) == [Fraction(index, 24) for index in range(12)]
    assert atoms(one).index("moov") < atoms(one).index("mdat")
    assert colour_tags(one)[:3] == (1, 1, 1)
    with av.open(str(one)) as container:
        context = container.streams.video[0].codec_context
        assert (context.codec_tag, container.metadata["title"]) == (tag, "rushes")
        assert container.streams.audio[0].codec.name == "pcm_s24le"
    heard = seen(one, tmp_path / "seen", "yuv420p", sound="anull")
    told = seen(source, tmp_path / "source", "yuv420p")
    assert len(heard.frames) == 12
    assert psnr(b"".join(told.frames), b"".join(heard.frames)) > 40
    assert np.abs(heard.heard(24_000) - sound / 32768).max() < 1e-4


def test_prores_4444_keeps_transparency_and_its_stamp(tmp_path):
    source = film(tmp_path / "in.mkv", 3, codec="ffv1", pixels="bgra", draw=see_through)
    made = run_stage(PRORES, tmp_path / "a", {"video": source}, {"profile": "4444"})["video"]
    stamped = tmp_path / "stamped.mov"
    stamp(made, stamped, {"comment": "job 7"})
    for path in (made, stamped):
        alpha = seen(path, tmp_path / path.stem, "gray16le", "alphaextract").frames[1]
        row = np.frombuffer(alpha, "<u2").reshape(64, 96)[32] / 65535 * 255
        assert np.abs(row - np.linspace(0, 255, 96)).max() < 1.5
    flat = run_stage(PRORES, tmp_path / "b", {"video": source}, {"background": "#ffffff"})["video"]
    rgb = seen(flat, tmp_path / "flat", "rgb24", "scale=in_color_matrix=bt709").frames[0]
    row = np.frombuffer(rgb, np.uint8).reshape(64, 96, 3)[32].astype(int)
    assert row[1] == pytest.approx([255, 253, 253], abs=6)


# --- hardware -------------------------------------------------------------------------------------


def test_a_machine_without_a_card_says_so_and_software_is_the_default():
    complaints = dict(farm_finish.farm_checks())
    if Path("/dev/nvidiactl").exists():
        pytest.skip("this machine has an NVIDIA card")
    assert "NVIDIA" in complaints["video.encode/nvenc"]
    card = STAGES["video.encode/nvenc"]
    assert card.preference < ENCODE.preference
    assert not card.cacheable
    assert card.inputs.keys() == ENCODE.inputs.keys()
    assert card.params is ENCODE.params


def test_a_card_that_cannot_encode_is_a_fault_of_the_node_not_of_the_film(tmp_path):
    if Path("/dev/nvidiactl").exists():
        pytest.skip("this machine has an NVIDIA card")
    source = film(tmp_path / "in.mkv", 3, codec="ffv1", size=(256, 192))
    with pytest.raises(ResourceError, match="farm_finish"):
        run_stage(STAGES["video.encode/nvenc"], tmp_path / "out", {"video": source})
    with pytest.raises(InputError, match="preset"):
        run_stage(
            STAGES["video.encode/nvenc"], tmp_path / "x", {"video": source}, {"preset": "slow"}
        )


def test_a_cards_settings_follow_the_same_parameters():
    told = hardware.settings(
        EncodeParams(bitrate_kbps=900, passes=2, cap_kbps=1200, keyframe_s=2), Fraction(24), "1"
    )
    assert told == {
        "preset": "p5", "rc": "vbr", "b": "900000", "multipass": "fullres", "gpu": "1",
        "maxrate": "1200000", "bufsize": "2400000", "g": "48",
    }  # fmt: skip
    assert hardware.settings(EncodeParams(crf=17), Fraction(24), "0")["cq"] == "17"
