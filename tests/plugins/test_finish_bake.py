"""Baking a timeline: what is copied is the source to the bit, what is made is what was asked for."""

from __future__ import annotations

import json
import subprocess
from fractions import Fraction
from pathlib import Path

import av
import imageio_ffmpeg
import numpy as np
import pytest
from cut_material import (
    HEIGHT,
    LOSSLESS,
    RATE,
    WIDTH,
    bake,
    cut,
    film,
    frames,
    hashes,
    loudest_hz,
    numbers,
    picture,
    planned,
    sound,
    stereo,
    times,
)
from PIL import Image

from farm import InputError
from farm_finish.timeline.lettering import SAFE
from farm_finish.timeline.planning import read_plan


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Films ``a``, ``b``, ``c`` of 60 pictures, with and without sound, and tones."""
    folder = tmp_path_factory.mktemp("media")
    film(folder / "a.mp4", tone_hz=440)
    film(folder / "b.mp4", hue=30, tone_hz=880)
    film(folder / "c.mp4", hue=-30)
    film(folder / "exact.mp4", 40, **LOSSLESS)
    film(folder / "other.mp4", 40, hue=40, **LOSSLESS)
    sound(folder / "low.wav", 6, 330)
    sound(folder / "high.wav", 6, 1200)
    return folder


def clips(*items) -> dict:
    return {"clips": list(items)}


def span(name: str, begin: int, end: int, **more) -> dict:
    return {"media": name, "in": begin, "out": end, **more}


def assert_copied_to_the_bit(baked, media: list[Path]) -> None:
    shown = frames(baked.video)
    of = [frames(media[source.file]) for source in baked.bake.timeline.sources]
    copied = [piece for piece in baked.bake.pieces if piece.source is not None]
    assert copied
    for piece in copied:
        made = shown[piece.at : piece.at + piece.frames]
        kept = of[piece.source][piece.first : piece.first + piece.frames]
        assert hashes(made) == hashes(kept)


# --- copying --------------------------------------------------------------------------------------


def test_cuts_have_exact_frames_on_an_exact_grid_and_copies_are_the_source(media, tmp_path):
    files = [media / name for name in ("a.mp4", "b.mp4", "c.mp4")]
    track = clips(span("a.mp4", 5, 45), span("b.mp4", 0, 60), span("c.mp4", 7, 50))
    baked = bake(tmp_path, cut(video=[track], sound=False), files)
    assert numbers(baked.video) == [*range(5, 45), *range(60), *range(7, 50)]
    assert times(baked.video) == [Fraction(n, 25) for n in range(143)]
    assert_copied_to_the_bit(baked, files)
    report = json.loads(baked.plan_file.read_text())
    assert report["copied"] + report["rendered"] == report["frames"] == 143
    # Only the heads up to a key frame and the tails behind a closed picture are made.
    assert report["rendered"] <= 3 * (12 + 4)


def test_a_copy_ends_where_all_that_was_decoded_has_been_shown(media, tmp_path):
    for end in range(30, 43):
        folder = tmp_path / str(end)
        track = clips(span("a.mp4", 12, end), span("b.mp4", 3, 14))
        baked = bake(folder, cut(video=[track], sound=False), [media / "a.mp4", media / "b.mp4"])
        assert numbers(baked.video) == [*range(12, end), *range(3, 14)]
        assert_copied_to_the_bit(baked, [media / "a.mp4", media / "b.mp4"])


def test_decoding_times_rise_and_never_lie_after_the_moment_of_showing(media, tmp_path):
    film(tmp_path / "flat.mp4", 40, bf="0")
    film(tmp_path / "deep.mp4", 40, bf="5", hue=9)
    files = [tmp_path / "flat.mp4", tmp_path / "deep.mp4"]
    track = clips(span("flat.mp4", 0, 36), span("deep.mp4", 5, 40))
    baked = bake(tmp_path / "out", cut(video=[track]), files)
    with av.open(str(baked.video)) as container:
        packets = [p for p in container.demux(video=0) if p.size]
    decoded = [packet.dts for packet in packets]
    assert decoded == sorted(set(decoded))
    assert all(packet.dts <= packet.pts for packet in packets)


def test_the_film_of_two_encoder_setups_holds_both_under_numbers_of_their_own(media, tmp_path):
    baked = bake(tmp_path, cut(video=[clips(span("a.mp4", 5, 50))]), [media / "a.mp4"])
    with av.open(str(baked.video)) as container:
        setup = bytes(container.streams.video[0].codec_context.extradata)
    assert setup[5] & 31 == 2 and baked.bake.setup_id == 1
    with av.open(str(media / "a.mp4")) as container:
        own = bytes(container.streams.video[0].codec_context.extradata)
    size = int.from_bytes(own[6:8], "big")
    assert own[8 : 8 + size] in setup
    assert (baked.bake.codec, baked.bake.profile) == ("h264", "standard")


def test_an_open_group_of_pictures_is_never_entered_at_its_key_frame(tmp_path):
    source = film(tmp_path / "open.mp4", 60, **{"x264-params": "open-gop=1:keyint=12:bframes=3"})
    with av.open(str(source)) as container:
        assert sum(p.is_keyframe for p in container.demux(video=0) if p.size) > 1
    late = bake(tmp_path / "late", cut(video=[clips(span("open.mp4", 6, 60))]), [source])
    assert not late.copied and numbers(late.video) == [*range(6, 60)]
    whole = bake(tmp_path / "whole", cut(video=[clips(span("open.mp4", 0, 50))]), [source])
    assert whole.copied and numbers(whole.video) == [*range(50)]
    assert_copied_to_the_bit(whole, [source])


def test_a_film_that_is_all_copied_has_the_packets_of_its_source(media, tmp_path):
    source = media / "a.mp4"
    baked = bake(tmp_path, cut(video=[clips({"media": "a.mp4"})]), [source])
    assert baked.bake.rendered == 0
    assert hashes(frames(baked.video)) == hashes(frames(source))


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ({"size": (WIDTH * 2, HEIGHT * 2)}, "size"),
        ({"tagged": False}, "colours that are not those of the film"),
        ({"codec": "mpeg4"}, "codec"),
    ],
)
def test_what_does_not_match_the_film_is_made_anew(media, tmp_path, how, why):
    other = film(tmp_path / "other.mp4", 30, **how)
    timeline = cut(size=f"{WIDTH}x{HEIGHT}", video=[clips(span("other.mp4", 0, 30))])
    baked = bake(tmp_path / "out", timeline, [other])
    assert not baked.copied, why
    assert len(frames(baked.video)) == 30


def test_of_two_setups_under_one_number_the_larger_part_is_copied(tmp_path):
    one = film(tmp_path / "one.mp4", 50)
    two = film(tmp_path / "two.mp4", 50, hue=20, refs="1", preset="ultrafast")
    track = clips(span("one.mp4", 0, 50), span("two.mp4", 0, 26))
    baked = bake(tmp_path / "out", cut(video=[track]), [one, two])
    assert {p.source for p in baked.bake.pieces} == {0, None}
    assert numbers(baked.video) == [*range(50), *range(26)]
    assert_copied_to_the_bit(baked, [one, two])


def test_packets_of_a_transport_stream_are_not_put_into_an_mp4_as_they_are(tmp_path):
    source = film(tmp_path / "a.ts", 36)
    baked = bake(tmp_path / "out", cut(video=[clips(span("a.ts", 3, 30))]), [source])
    assert not baked.copied and numbers(baked.video) == [*range(3, 30)]


def test_matroska_and_mp4_are_copied_beside_each_other(media, tmp_path):
    other = film(tmp_path / "m.mkv", 60)
    track = clips(span("m.mkv", 5, 50), span("a.mp4", 5, 50))
    baked = bake(tmp_path / "out", cut(video=[track], sound=False), [other, media / "a.mp4"])
    assert {p.source for p in baked.bake.pieces} == {0, 1, None}
    assert numbers(baked.video) == [*range(5, 50)] * 2
    assert_copied_to_the_bit(baked, [other, media / "a.mp4"])


def test_a_through_edit_is_copied_as_one(media, tmp_path):
    track = clips(span("a.mp4", 0, 20), span("a.mp4", 20, 60))
    baked = bake(tmp_path, cut(video=[track], sound=False), [media / "a.mp4"])
    assert baked.bake.rendered == 0 and numbers(baked.video) == [*range(60)]


def test_h265_is_copied_where_the_encoder_writes_the_same_setup(media, tmp_path):
    track = clips(span("a.mp4", 0, 30))
    first = bake(tmp_path / "first", cut(video=[track]), [media / "a.mp4"], codec="h265")
    assert not first.copied
    again = clips(span("video-0.mp4", 0, 24), {"gap": 3}, span("video-0.mp4", 4, 10))
    baked = bake(tmp_path / "again", cut(video=[again]), [first.video], codec="h265")
    assert baked.copied
    assert len(frames(baked.video)) == 33
    assert_copied_to_the_bit(baked, [first.video])


def test_av1_is_made_whole(media, tmp_path):
    timeline = cut(video=[clips(span("a.mp4", 0, 20), span("b.mp4", 0, 9))])
    files = [media / "a.mp4", media / "b.mp4"]
    baked = bake(tmp_path, timeline, files, window=16, codec="av1", profile="draft")
    assert not baked.copied and numbers(baked.video) == [*range(20), *range(9)]


def test_copying_can_be_turned_off(media, tmp_path):
    timeline = cut(video=[clips(span("a.mp4", 0, 30))])
    baked = bake(tmp_path, timeline, [media / "a.mp4"], copy_stretches=False)
    assert not baked.copied and numbers(baked.video) == [*range(30)]


@pytest.mark.parametrize("window", [7, 40])
def test_windows_of_any_size_give_the_same_frames(media, tmp_path, window):
    track = clips(span("a.mp4", 5, 45), {"dissolve": 8}, span("b.mp4", 10, 50), {"gap": 6})
    above = clips({"title": "Hello", "at": 60, "length": 20})
    files = [media / "a.mp4", media / "b.mp4"]
    baked = bake(tmp_path / "w", cut(video=[track, above]), files, window=window)
    shown = frames(baked.video)
    assert times(baked.video) == [Fraction(n, 25) for n in range(len(shown))]
    assert len(shown) == 80
    assert numbers(baked.video)[:36] == [*range(5, 41)]
    assert numbers(baked.video)[44:60] == [*range(14, 30)]
    assert_copied_to_the_bit(baked, files)


def test_the_same_cut_gives_the_same_bytes(media, tmp_path):
    timeline = cut(video=[clips(span("a.mp4", 5, 30), {"dissolve": 6}, span("b.mp4", 6, 30))])
    files = [media / "a.mp4", media / "b.mp4"]
    one, two = (bake(tmp_path / n, timeline, files).video.read_bytes() for n in "ab")
    assert one == two


FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()


def test_another_decoder_sees_the_same_frames_also_without_the_container(media, tmp_path):
    files = [media / "a.mp4", media / "b.mp4"]
    track = clips(span("a.mp4", 5, 45), {"dissolve": 6}, span("b.mp4", 9, 58))
    film_made = bake(tmp_path, cut(video=[track]), files).video
    bare = tmp_path / "bare.h264"
    subprocess.run([FFMPEG, "-v", "error", "-i", film_made, "-c", "copy", "-an", bare], check=True)
    for source in (film_made, bare):
        told = subprocess.run(
            [FFMPEG, "-v", "warning", "-i", source, "-an", "-f", "rawvideo", "-"],
            capture_output=True,
            check=True,
        )
        assert told.stderr == b""
        assert told.stdout == b"".join(frame.tobytes() for frame in frames(film_made))


@pytest.mark.parametrize(
    ("how", "name", "first"),
    [
        (["-ss", "0.3", "-i", "a.mp4", "-c", "copy"], "edit_list.mp4", 8),
        (["-i", "a.mp4", "-c", "copy", "-movflags", "+frag_keyframe+empty_moov"], "parts.mp4", 0),
        (["-i", "a.mp4", "-c:v", "libx264", "-pix_fmt", "yuv420p10le"], "ten_bits.mp4", 0),
        (["-i", "a.mp4", "-c:v", "prores_ks"], "prores.mov", 0),
        (["-i", "a.mp4", "-c:v", "libx264", "-profile:v", "baseline"], "baseline.mp4", 0),
    ],
)
def test_films_of_nasty_kinds_are_cut_at_the_right_picture(media, tmp_path, how, name, first):
    command = [FFMPEG, "-v", "error", *how, tmp_path / name]
    subprocess.run(command, check=True, cwd=media)
    timeline = cut(video=[clips(span(name, 5, 40), span(name, 20, 31))])
    baked = bake(tmp_path / "out", timeline, [tmp_path / name])
    assert numbers(baked.video) == [first + n for n in [*range(5, 40), *range(20, 31)]]
    if baked.copied:
        assert_copied_to_the_bit(baked, [tmp_path / name])


def test_a_damaged_or_interlaced_film_is_refused(media, tmp_path):
    data = (media / "a.mp4").read_bytes()
    (tmp_path / "short.mp4").write_bytes(data[: len(data) * 2 // 3])
    fields = ["-c:v", "libx264", "-flags", "+ildct+ilme", "-x264-params", "tff=1"]
    subprocess.run(
        [FFMPEG, "-v", "error", "-i", media / "a.mp4", *fields, tmp_path / "fields.mp4"], check=True
    )
    for name, told in (("short.mp4", "cannot be read"), ("fields.mp4", "interlaced")):
        with pytest.raises(InputError, match=told):
            planned(tmp_path / "plan", cut(video=[clips({"media": name})]), [tmp_path / name])


# --- pictures -------------------------------------------------------------------------------------


def exact(media: Path, folder: Path, timeline: dict, *more: Path):
    """Frames of a cut of the lossless films, which differ from what was drawn by coding alone."""
    files = [media / "exact.mp4", media / "other.mp4", *more]
    return frames(bake(folder, timeline, files, profile="high", copy_stretches=False).video)


def apart(one: np.ndarray, two: np.ndarray) -> float:
    return float(np.abs(one.astype(float) - two.astype(float)).mean())


def test_the_middle_of_a_dissolve_is_half_of_each(media, tmp_path):
    items = [span("exact.mp4", 0, 20), {"dissolve": 9}, span("other.mp4", 10, 30)]
    shown = exact(media, tmp_path, cut(video=[clips(*items)], sound=False))
    assert len(shown) == 40
    for frame, share in ((16, 0.5 / 9), (20, 0.5), (24, 8.5 / 9)):
        one, two = picture(frame).astype(float), picture(frame - 10, 40).astype(float)
        assert apart(shown[frame], one + (two - one) * share) < 2.0
    assert apart(shown[15], picture(15)) < 2.0 and apart(shown[25], picture(15, 40)) < 2.0


@pytest.mark.parametrize("direction", ["right", "left", "down", "up"])
def test_a_wipe_has_the_new_picture_behind_its_edge(media, tmp_path, direction):
    wipe = {"wipe": 10, "direction": direction}
    items = [span("exact.mp4", 0, 20), wipe, span("other.mp4", 10, 30)]
    luma = cut(video=[clips(*items)], sound=False)
    shown = exact(media, tmp_path, luma)[19]  # 4.5 of 10: a little less than half.
    colour = shown[HEIGHT : HEIGHT * 5 // 4].reshape(HEIGHT // 2, WIDTH // 2).astype(int)
    new = np.abs(colour - 168) < 12
    share = 0.45
    across, down = np.arange(WIDTH // 2) / (WIDTH / 2), np.arange(HEIGHT // 2) / (HEIGHT / 2)
    where = {
        "right": np.broadcast_to(across < share, new.shape),
        "left": np.broadcast_to(across > 1 - share, new.shape),
        "down": np.broadcast_to((down < share)[:, None], new.shape),
        "up": np.broadcast_to((down > 1 - share)[:, None], new.shape),
    }[direction]
    assert (new == where).mean() > 0.94


def test_a_picture_in_the_picture_lies_where_it_should_and_lets_through(media, tmp_path):
    below = clips(span("exact.mp4", 0, 20))
    inset = span("other.mp4", 0, 10, at=5, scale=0.25, position=[0.75, 0.25], opacity=0.5)
    shown = exact(media, tmp_path, cut(video=[below, clips(inset)], sound=False))
    for number, frame in enumerate(shown):
        colour = frame[HEIGHT : HEIGHT * 5 // 4].reshape(HEIGHT // 2, WIDTH // 2)
        inside = np.zeros(colour.shape, bool)
        inside[6:18, 40:56] = True  # 32x24 pixels around (96, 24).
        if 5 <= number < 15:
            assert np.abs(colour[inside].astype(int) - 148).max() <= 10
        else:
            assert np.abs(colour[inside].astype(int) - 128).max() <= 6
        assert np.abs(colour[~inside].astype(int) - 128).mean() < 2


def test_a_gap_is_the_background_on_the_lowest_track_and_a_window_above(media, tmp_path):
    below = clips(span("exact.mp4", 0, 12), {"gap": 4}, span("exact.mp4", 16, 20))
    above = clips(span("other.mp4", 0, 4), {"gap": 4})
    timeline = cut(video=[below, above], sound=False, background="#ffffff")
    shown = exact(media, tmp_path, timeline)
    assert apart(shown[2], picture(2, 40)) < 2 and apart(shown[6], picture(6)) < 2
    assert np.abs(shown[13][:HEIGHT].astype(int) - 235).max() <= 2
    assert apart(shown[18], picture(18)) < 2


def test_pictures_fade_in_and_out(media, tmp_path):
    shown = exact(
        media, tmp_path, cut(video=[clips(span("exact.mp4", 0, 20, fade_in=8, fade_out=8))])
    )
    light = [float(frame[:HEIGHT].mean()) for frame in shown]
    assert light[:8] == sorted(light[:8]) and light[12:] == sorted(light[12:], reverse=True)
    expected = 16 + (picture(3)[:HEIGHT].astype(float) - 16).mean() * 3.5 / 8
    assert light[3] == pytest.approx(expected, abs=2)


def test_a_dissolve_next_to_a_gap_comes_from_the_background(media, tmp_path):
    items = [{"dissolve": 6}, span("exact.mp4", 0, 20), {"dissolve": 6, "before": 6}, {"gap": 5}]
    shown = exact(media, tmp_path, cut(video=[clips(*items)]))
    light = [float(frame[:HEIGHT].mean()) for frame in shown]
    assert len(shown) == 20 and light[0] < 30 and light[19] < 30 and light[10] > 70


@pytest.mark.parametrize(
    ("speed", "begin", "end", "told"),
    [
        (2, 0, 40, range(0, 40, 2)),
        (0.5, 4, 14, [4 + n // 2 for n in range(20)]),
        ("3/2", 0, 30, [n * 3 // 2 for n in range(20)]),
    ],
)
def test_speed_changes_give_exact_counts_and_pictures(media, tmp_path, speed, begin, end, told):
    source = media / "exact.mp4"
    track = clips(span("exact.mp4", begin, end, speed=speed))
    baked = bake(tmp_path, cut(video=[track]), [source])
    assert numbers(baked.video) == list(told)


def test_a_clip_of_another_rate_is_refused_or_shows_its_nearest_earlier_pictures(tmp_path):
    slow = film(tmp_path / "slow.mp4", 24, fps=12)
    timeline = cut(fps=25, video=[clips(span("slow.mp4", 0, 50))])
    with pytest.raises(InputError, match="another frame rate") as refused:
        planned(tmp_path / "no", timeline, [slow])
    assert refused.value.code == "timeline.wrong-rate"
    baked = bake(tmp_path / "yes", timeline, [slow], rates="convert")
    assert numbers(baked.video) == [n * 12 // 25 for n in range(50)]


def test_a_title_is_seen_inside_of_the_safe_area_and_only_while_it_lasts(media, tmp_path):
    dark = cut(
        fps=25,
        size="320x180",
        video=[clips({"gap": 30}), clips({"title": "Wide words of a title", "at": 5, "length": 10,
                                          "size": 0.12, "place": "lower"})],
    )  # fmt: skip
    shown = frames(bake(tmp_path, dark, []).video)
    assert len(shown) == 15
    lit = shown[8][:180] > 100
    rows, columns = np.flatnonzero(lit.any(axis=1)), np.flatnonzero(lit.any(axis=0))
    edge = (1 - SAFE) / 2
    assert lit.sum() > 800
    assert rows[0] > 90 and rows[-1] < 180 * (1 - edge)
    assert columns[0] >= 320 * edge and columns[-1] <= 320 * (1 - edge)
    assert abs(320 - 1 - columns[0] - columns[-1]) <= 6
    assert not (shown[4][:180] > 60).any()


def test_a_still_with_transparency_stands_over_the_film(media, tmp_path):
    logo = tmp_path / "logo.png"
    picture_of = np.zeros((40, 40, 4), np.uint8)
    picture_of[:, 20:] = (255, 255, 255, 255)
    Image.fromarray(picture_of).save(logo)
    below = clips(span("exact.mp4", 0, 12))
    above = clips({"media": "logo.png", "at": 2, "length": 8, "scale": 0.5, "position": [0.5, 0.5]})
    shown = exact(media, tmp_path / "out", cut(video=[below, above], sound=False), logo)
    middle = shown[6][:HEIGHT]
    assert np.abs(middle[30:66, 68:84].astype(int) - 235).max() <= 6
    assert apart(middle[30:66, 44:60], picture(6)[30:66, 44:60]) < 3
    assert apart(shown[1], picture(1)) < 2


def test_pictures_of_another_shape_are_padded_or_fill_the_frame(tmp_path):
    source = film(tmp_path / "square.mp4", 10, size=(96, 96), **LOSSLESS)
    for fit, columns in (("pad", 96), ("fill", 128)):
        timeline = cut(size="128x96", video=[clips(span("square.mp4", 0, 10, fit=fit))])
        shown = frames(bake(tmp_path / fit, timeline, [source]).video)[4][:96]
        assert abs(int((shown.mean(axis=0) > 20).sum()) - columns) <= 2


# --- sound ----------------------------------------------------------------------------------------


def test_sound_is_exactly_as_long_as_the_pictures_and_cut_with_them(media, tmp_path):
    files = [media / "a.mp4", media / "b.mp4"]
    track = clips(span("a.mp4", 0, 40), span("b.mp4", 10, 50))
    baked = bake(tmp_path, cut(video=[track]), files)
    assert stereo(baked.audio).shape[1] == round(80 / 25 * RATE)
    assert loudest_hz(baked.audio, 0.1, 1.5) == pytest.approx(440, abs=4)
    assert loudest_hz(baked.audio, 1.7, 3.1) == pytest.approx(880, abs=4)
    around = np.abs(stereo(baked.audio)[0])
    assert around[round(1.59 * RATE) : round(1.61 * RATE)].max() > 0.1
    with av.open(str(baked.video)) as container:
        heard = np.concatenate([f.to_ndarray() for f in container.decode(audio=0)], axis=1)
    assert abs(heard.shape[1] - 80 / 25 * RATE) <= 1024


def test_j_and_l_cuts_are_heard_before_and_after_their_pictures(media, tmp_path):
    first = span("a.mp4", 0, 25, sound=False)
    second = span("b.mp4", 20, 35, sound={"lead": 10, "tail": 15})
    third = span("c.mp4", 0, 25)
    files = [media / name for name in ("a.mp4", "b.mp4", "c.mp4")]
    baked = bake(tmp_path, cut(video=[clips(first, second, third)]), files)
    assert len(frames(baked.video)) == 65
    assert loudest_hz(baked.audio, 0, 0.58) == 0
    assert loudest_hz(baked.audio, 0.65, 1.0) == pytest.approx(880, abs=4)
    assert loudest_hz(baked.audio, 1.65, 2.15) == pytest.approx(880, abs=4)
    assert loudest_hz(baked.audio, 2.25, 2.6) == 0


def test_gain_fades_and_offset_are_heard(media, tmp_path):
    track = clips(
        {"media": "low.wav", "at": 25, "in": 0, "out": 75, "gain_db": -6, "fade_in": 25,
         "fade_out": 25, "offset_s": 0.02}
    )  # fmt: skip
    timeline = cut(fps=25, size="64x64", video=[clips({"gap": 1})], audio=[track])
    timeline["video"] = [clips({"title": "x", "length": 120})]
    baked = bake(tmp_path, timeline, [media / "low.wav"])
    heard = stereo(baked.audio)[0]
    assert heard.shape[0] == round(4.8 * RATE)
    begin = round(1.02 * RATE)
    assert np.abs(heard[: begin - 1]).max() == 0

    def level(second: float) -> float:
        part = heard[round(second * RATE) : round((second + 0.1) * RATE)]
        return float(np.sqrt(np.mean(part**2)))

    whole = 0.25 * 10 ** (-6 / 20) / np.sqrt(2)
    assert level(2.3) == pytest.approx(whole, rel=0.02)
    assert level(1.1) < 0.3 * whole and level(3.88) < 0.3 * whole
    assert np.abs(heard[round(4.03 * RATE) :]).max() == 0


def test_sounds_run_into_each_other_at_constant_power(media, tmp_path):
    track = clips(
        {"media": "low.wav", "in": 0, "out": 50},
        {"crossfade": 20},
        {"media": "high.wav", "in": 25, "out": 75},
    )
    timeline = cut(fps=25, size="64x64", video=[clips({"title": "x", "length": 100})])
    baked = bake(tmp_path, timeline | {"audio": [track]}, [media / "low.wav", media / "high.wav"])
    heard = stereo(baked.audio)[0].reshape(-1, RATE // 10)
    levels = np.sqrt((heard**2).mean(axis=1))
    assert levels == pytest.approx(0.25 / np.sqrt(2), rel=0.06)


def test_music_gives_way_to_a_voice(media, tmp_path):
    music = {"role": "music", **clips({"media": "low.wav", "in": 0, "out": 150})}
    voice = {"role": "voice", **clips({"media": "high.wav", "at": 50, "in": 0, "out": 50})}
    timeline = cut(
        fps=25,
        size="64x64",
        video=[clips({"title": "x", "length": 150})],
        audio=[music, voice],
        ducking={"most_db": 12, "ratio": 20, "threshold_db": -40, "release_ms": 100},
    )
    heard = stereo(bake(tmp_path, timeline, [media / "low.wav", media / "high.wav"]).audio)[0]

    def strength(second: float) -> float:
        part = heard[round(second * RATE) : round((second + 0.5) * RATE)]
        return float(np.abs(np.fft.rfft(part * np.hanning(len(part))))[165])

    assert 20 * np.log10(strength(3.0) / strength(1.0)) == pytest.approx(-12, abs=0.5)
    assert 20 * np.log10(strength(5.2) / strength(1.0)) == pytest.approx(0, abs=0.5)


def test_the_sound_of_a_clip_played_faster_is_higher_and_shorter(media, tmp_path):
    timeline = cut(video=[clips(span("a.mp4", 0, 60, speed=2))])
    baked = bake(tmp_path, timeline, [media / "a.mp4"])
    assert stereo(baked.audio).shape[1] == round(30 / 25 * RATE)
    assert loudest_hz(baked.audio, 0.1, 1.1) == pytest.approx(880, abs=6)


def test_a_dissolve_takes_the_sound_along(media, tmp_path):
    track = clips(span("a.mp4", 0, 30), {"dissolve": 10}, span("b.mp4", 10, 40))
    heard = stereo(bake(tmp_path, cut(video=[track]), [media / "a.mp4", media / "b.mp4"]).audio)
    around = np.abs(heard[0][round(0.9 * RATE) : round(1.5 * RATE)].reshape(-1, 960)).max(axis=1)
    assert around.min() > 0.1


def test_a_silent_cut_has_no_sound_track(media, tmp_path):
    baked = bake(tmp_path, cut(video=[clips(span("c.mp4", 0, 10))]), [media / "c.mp4"])
    with av.open(str(baked.video)) as container:
        assert not container.streams.audio
    assert baked.audio is None and read_plan(baked.plan_file).timeline.heard == ()
