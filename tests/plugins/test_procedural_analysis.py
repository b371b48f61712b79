"""Extraction: films whose truth is known are measured, and the numbers say it."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame
from direct_task import DirectTask, input_file, run_stage

import farm_procedural
from farm import InputError, MediaKind, TaskCancelled
from farm_procedural.analyse.hearing import Hearing
from farm_procedural.analyse.meter import Meter
from farm_procedural.analyse.oklab import from_hex, hue_of
from farm_procedural.analyse.schema import SCHEMA, Analysis, document
from farm_procedural.analyse.video import analyse, run
from farm_procedural.stages_learning import learning_stages

ANALYSE = next(s for s in learning_stages() if s.capability == "video.analyse")
WIDTH, HEIGHT, FPS = 320, 180, 24
Picture = Callable[[int], np.ndarray]


def film(
    path: Path, picture: Picture, frames: int = 24, *, fps: int = FPS, crf: int = 12,
    codec: str = "libx264", pixels: str = "yuv420p", tone: np.ndarray | None = None,
) -> Path:  # fmt: skip
    """Encode sRGB pictures uint8 (H, W, 3) as BT.709, with sound if there is a tone (2, n)."""
    with av.open(str(path), "w") as container:
        first = picture(0)
        stream = container.add_stream(codec, rate=fps)
        stream.height, stream.width, stream.pix_fmt = *first.shape[:2], pixels
        if codec == "libx264":
            stream.options = {"crf": str(crf), "preset": "veryfast"}
        stream.codec_context.colorspace = 1
        stream.codec_context.color_range = 1
        sound = container.add_stream("aac", rate=48_000) if tone is not None else None
        for n in range(frames):
            frame = VideoFrame.from_ndarray(picture(n), format="rgb24")
            frame = frame.reformat(format=pixels, dst_colorspace=1, dst_color_range=1)
            frame.pts = n
            frame.time_base = Fraction(1, fps)
            for packet in stream.encode(frame):
                container.mux(packet)
        for packet in stream.encode(None):
            container.mux(packet)
        if sound is not None:
            heard = AudioFrame.from_ndarray(tone.astype(np.float32), "fltp", "stereo")
            heard.sample_rate, heard.pts, heard.time_base = 48_000, 0, Fraction(1, 48_000)
            for packet in (*sound.encode(heard), *sound.encode(None)):
                container.mux(packet)
    return path


def measured(tmp_path: Path, picture: Picture, frames: int = 24, **options: object) -> Analysis:
    return analyse(film(tmp_path / "film.mp4", picture, frames, **options))  # type: ignore[arg-type]


def flat(code: str, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    colour = [int(code[i : i + 2], 16) for i in (1, 3, 5)]
    return np.broadcast_to(np.array(colour, np.uint8), (height, width, 3)).copy()


def ramp(place: np.ndarray, dark: str = "#102060", light: str = "#f0e0a0") -> np.ndarray:
    """A picture from dark (0) to light (1)."""
    ends = [np.array([int(c[i : i + 2], 16) for i in (1, 3, 5)], float) for c in (dark, light)]
    mixed = ends[0] + (ends[1] - ends[0]) * np.clip(place, 0, 1)[..., None]
    return np.rint(mixed).astype(np.uint8)


def positions(width: int = WIDTH, height: int = HEIGHT) -> tuple[np.ndarray, np.ndarray]:
    """x to the right and y upward, in frame heights from the middle."""
    y, x = np.mgrid[0:height, 0:width]
    return (x + 0.5 - width / 2) / height, (height / 2 - y - 0.5) / height


def clouds(seed: int = 1, size: int = 720, finest: float = 0.12) -> np.ndarray:
    """A tile of soft noise (size, size), 0 to 1, that repeats without a seam."""
    chance = np.random.default_rng(seed)
    fy, fx = np.fft.fftfreq(size)[:, None], np.fft.fftfreq(size)[None]
    reach = np.hypot(fy, fx)
    spectrum = np.fft.fft2(chance.normal(size=(size, size)))
    spectrum *= np.where(reach < finest, 1 / (0.004 + reach) ** 1.6, 0)
    tile = np.real(np.fft.ifft2(spectrum))
    return np.clip((tile - tile.mean()) / (5 * tile.std()) + 0.5, 0, 1)


def sampled(tile: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The tile at places in pixels, between pixels too."""
    size = len(tile)
    j, i = np.floor(x).astype(int), np.floor(y).astype(int)
    u, v = x - j, y - i
    rows, columns = (i % size, (i + 1) % size), (j % size, (j + 1) % size)
    upper = tile[rows[0], columns[0]] * (1 - u) + tile[rows[0], columns[1]] * u
    lower = tile[rows[1], columns[0]] * (1 - u) + tile[rows[1], columns[1]] * u
    return upper * (1 - v) + lower * v


def moving(east: float, north: float, zoom: float = 0.0, turn: float = 0.0) -> Picture:
    """Clouds that move by frame heights, growth and degrees per second."""
    tile = clouds()
    x, y = positions()

    def picture(n: int) -> np.ndarray:
        t = n / FPS
        angle, scale = math.radians(turn * t), math.exp(zoom * t)
        px, py = x - east * t, y - north * t
        across = (px * math.cos(angle) + py * math.sin(angle)) / scale
        upward = (py * math.cos(angle) - px * math.sin(angle)) / scale
        return ramp(sampled(tile, 360 + across * HEIGHT, 360 - upward * HEIGHT))

    return picture


# --- colours and light ----------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["#d02020", "#e08020", "#20a040", "#1090a0", "#2040d0", "#c030a0"])
def test_a_flat_colour_is_found_with_its_hue_and_its_hex(tmp_path: Path, code: str) -> None:
    found = measured(tmp_path, lambda n: flat(code), 6).colour
    lab = from_hex(code)
    away = (found.hue - hue_of(lab[1], lab[2]) + 180) % 360 - 180
    assert abs(away) < 4
    assert found.hue_strength > 0.98
    assert np.allclose(found.dominant[0].lab, lab, atol=0.02)
    assert found.dominant[0].share > 0.98


def test_brightness_and_contrast_of_two_halves_are_those_of_the_halves(tmp_path: Path) -> None:
    picture = flat("#303030")
    picture[:, WIDTH // 2 :] = 0xD0
    found = measured(tmp_path, lambda n: picture, 6)
    assert found.brightness.low == pytest.approx(0x30 / 255, abs=0.012)
    assert found.brightness.high == pytest.approx(0xD0 / 255, abs=0.012)
    assert found.brightness.mean == pytest.approx((0x30 + 0xD0) / 510, abs=0.01)
    assert found.colour.saturation < 0.02
    assert found.balance.horizontal == pytest.approx((0xD0 - 0x30) / (0xD0 + 0x30), abs=0.02)
    assert abs(found.balance.vertical) < 0.01


def test_shares_of_dominant_colours_are_those_of_their_areas(tmp_path: Path) -> None:
    picture = flat("#2040d0")
    picture[:, : WIDTH // 4] = flat("#e0a020")[:, : WIDTH // 4]
    found = measured(tmp_path, lambda n: picture, 6).colour
    assert [colour.name for colour in found.dominant[:2]] == ["blue", "orange"]
    assert found.dominant[0].share == pytest.approx(0.75, abs=0.03)
    assert found.dominant[1].share == pytest.approx(0.25, abs=0.03)


def test_a_film_in_the_colours_of_a_palette_names_it(tmp_path: Path) -> None:
    from farm_procedural.interpret.palettes import PALETTES

    for name in ("lava", "forest", "vaporwave"):
        stripes = np.concatenate(
            [flat(code, WIDTH // 5) for code in PALETTES[name].colours], axis=1
        )
        assert measured(tmp_path, lambda n, s=stripes: s, 3).colour.palette == name


def test_grey_has_no_saturation_and_red_black_and_white_are_told_apart(tmp_path: Path) -> None:
    grey = measured(tmp_path, lambda n: flat("#808080"), 3).colour
    assert (grey.saturation < 0.02, grey.colourful, grey.dominant[0].name) == (True, 0, "grey")
    black = measured(tmp_path, lambda n: flat("#000000"), 3)
    assert black.brightness.black == 1
    white = measured(tmp_path, lambda n: flat("#ffffff"), 3)
    assert (white.brightness.white, white.colour.dominant[0].name) == (1, "white")


def test_a_fade_has_a_trend_and_does_not_flicker_while_a_strobe_does(tmp_path: Path) -> None:
    fade = measured(tmp_path, lambda n: flat("#" + f"{40 + 5 * n:02x}" * 3), 36).brightness
    assert fade.trend == pytest.approx(30 * 5 / 255, abs=0.05)
    assert fade.flicker < 0.003
    strobe = measured(tmp_path, lambda n: flat("#707070" if n % 2 else "#909090"), 36).brightness
    assert strobe.flicker == pytest.approx(0x20 / 255, abs=0.02)
    assert abs(strobe.trend) < 0.02


# --- forms ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("degrees", "kind"),
    [(0, "horizontal"), (180, "horizontal"), (90, "vertical"), (270, "vertical"),
     (45, "angled"), (135, "angled"), (210, "angled"), (320, "angled")],
)  # fmt: skip
def test_a_straight_gradient_has_its_kind_and_its_angle(
    tmp_path: Path, degrees: int, kind: str
) -> None:
    x, y = positions()
    turn = math.radians(degrees)
    place = 0.5 + (x * math.cos(turn) + y * math.sin(turn)) / 2.2
    found = measured(tmp_path, lambda n: ramp(place), 4).gradient
    assert found.kind == kind
    assert abs((found.angle - degrees + 180) % 360 - 180) < 5
    assert found.fit > 0.95


def test_round_gradients_have_their_kind_and_their_middle(tmp_path: Path) -> None:
    x, y = positions()
    aspect = WIDTH / HEIGHT
    radial = measured(tmp_path, lambda n: ramp(1 - np.hypot(x, y)), 4).gradient
    assert (radial.kind, radial.centre, radial.inward) == ("radial", (0.5, 0.5), True)
    aside = measured(tmp_path, lambda n: ramp(np.hypot(x - 0.3 * aspect, y)), 4).gradient
    assert aside.kind == "radial"
    assert aside.centre[0] == pytest.approx(0.8, abs=0.06)
    assert not aside.inward
    diamond = measured(tmp_path, lambda n: ramp(1 - (abs(x) + abs(y)) / 1.3), 4).gradient
    assert diamond.kind == "diamond"
    conic = measured(tmp_path, lambda n: ramp(np.arctan2(y, x) / (2 * np.pi) % 1), 4).gradient
    assert conic.kind == "conic"
    assert conic.angle % 360 < 16 or conic.angle > 344


def test_a_gradient_with_dark_and_light_in_turn_is_still_straight(tmp_path: Path) -> None:
    _, y = positions()
    place = 0.5 + 0.5 * np.sin((y + 0.5) * 5.5)
    assert measured(tmp_path, lambda n: ramp(place), 4).gradient.kind == "vertical"


def test_noise_and_a_flat_colour_are_no_gradient(tmp_path: Path) -> None:
    assert measured(tmp_path, lambda n: flat("#406080"), 4).gradient.kind == "none"
    noise = np.random.default_rng(3).integers(0, 255, (HEIGHT, WIDTH, 3)).astype(np.uint8)
    assert measured(tmp_path, lambda n: noise, 4).gradient.kind == "none"


def test_busyness_grows_from_flat_over_clouds_to_a_chequered_board(tmp_path: Path) -> None:
    x, y = positions()
    board = ramp(((np.floor(x * 12) + np.floor(y * 12)) % 2).astype(float))
    busy = [
        measured(tmp_path, lambda n, p=picture: p, 3).texture.busyness
        for picture in (flat("#406080"), ramp(clouds()[:HEIGHT, :WIDTH]), board)
    ]
    assert busy[0] < 0.02 < busy[1] < 0.35 < busy[2]


# --- motion ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("east", "north"), [(0.3, 0.0), (-0.15, 0.0), (0.0, 0.25), (0.0, -0.6), (0.4, 0.4),
                        (-0.02, 0.0), (0.0, 0.01)]
)  # fmt: skip
def test_what_slides_has_its_direction_and_its_speed(
    tmp_path: Path, east: float, north: float
) -> None:
    found = measured(tmp_path, moving(east, north)).motion
    degrees = math.degrees(math.atan2(north, east)) % 360
    assert abs((found.direction - degrees + 180) % 360 - 180) < 8
    assert found.speed == pytest.approx(math.hypot(east, north), rel=0.2)
    assert np.hypot(found.drift[0] - east, found.drift[1] - north) < 0.15 * math.hypot(east, north)
    assert found.coherence > 0.8
    assert abs(found.zoom) < 0.05


def test_a_still_film_does_not_move_whatever_its_grain(tmp_path: Path) -> None:
    still = measured(tmp_path, lambda n: ramp(clouds()[:HEIGHT, :WIDTH])).motion
    assert still.level < 0.005
    assert still.smoothness > 0.9
    base = ramp(clouds()[:HEIGHT, :WIDTH]).astype(float)
    chance = np.random.default_rng(5)
    grain = [base + chance.normal(0, 6, (HEIGHT, WIDTH, 1)) for _ in range(24)]
    grainy = measured(tmp_path, lambda n: np.clip(grain[n], 0, 255).astype(np.uint8), crf=8).motion
    assert grainy.speed < 0.02


@pytest.mark.parametrize("zoom", [0.25, -0.25, 0.04])
def test_a_zoom_is_a_zoom_with_its_rate(tmp_path: Path, zoom: float) -> None:
    found = measured(tmp_path, moving(0, 0, zoom=zoom)).motion
    assert found.zoom == pytest.approx(zoom, rel=0.2)
    assert abs(found.turn) < 2
    assert found.coherence < 0.4


@pytest.mark.parametrize("turn", [20.0, -40.0])
def test_a_turn_is_a_turn_with_its_rate(tmp_path: Path, turn: float) -> None:
    found = measured(tmp_path, moving(0, 0, turn=turn)).motion
    assert found.turn == pytest.approx(turn, rel=0.2)
    assert abs(found.zoom) < 0.03


def test_motion_that_swells_has_a_trend_and_a_series(tmp_path: Path) -> None:
    tile = clouds()
    x, y = positions()

    def picture(n: int) -> np.ndarray:
        return ramp(sampled(tile, 360 + (x - 0.4 * (n / 36) ** 2) * HEIGHT, 360 - y * HEIGHT))

    found = measured(tmp_path, picture, 36).motion
    assert found.trend > 0.3
    assert len(found.series) == 36
    assert np.mean(found.series[-6:]) > 3 * np.mean(found.series[:6])


def test_jumps_of_speed_are_less_smooth_than_an_even_pace(tmp_path: Path) -> None:
    tile = clouds()
    x, y = positions()
    chance = np.random.default_rng(2)
    jitter = np.cumsum(chance.choice([-0.03, 0.03, 0.0], 36))

    def shaky(n: int) -> np.ndarray:
        return ramp(sampled(tile, 360 + (x - jitter[n]) * HEIGHT, 360 - y * HEIGHT))

    even = measured(tmp_path, moving(0.3, 0), 36).motion.smoothness
    assert measured(tmp_path, shaky, 36).motion.smoothness < 0.6 < 0.85 < even


# --- time -----------------------------------------------------------------------------------------


def test_hard_cuts_are_found_at_their_frames_and_are_neither_motion_nor_flicker(
    tmp_path: Path,
) -> None:
    tiles = [clouds(seed) for seed in (1, 2, 3)]
    ends = [("#102060", "#f0e0a0"), ("#401010", "#f09060"), ("#06281c", "#c0f0b0")]
    x, y = positions()

    def picture(n: int) -> np.ndarray:
        k = (n >= 15) + (n >= 40)
        return ramp(
            sampled(tiles[k], 360 + (x - 0.1 * n / FPS) * HEIGHT, 360 - y * HEIGHT), *ends[k]
        )

    found = measured(tmp_path, picture, 60)
    assert found.rhythm.cut_frames == (15, 40)
    assert found.rhythm.shot_s == pytest.approx(60 / 24 / 3, abs=0.01)
    assert found.motion.speed == pytest.approx(0.1, rel=0.25)
    assert found.brightness.flicker < 0.002


def test_a_cut_between_shots_in_the_same_colours_is_found(tmp_path: Path) -> None:
    tiles = [clouds(seed) for seed in (4, 5)]
    x, y = positions()

    def picture(n: int) -> np.ndarray:
        tile = tiles[n >= 20]
        return ramp(sampled(tile, 360 + (x - 0.1 * n / FPS) * HEIGHT, 360 - y * HEIGHT))

    assert measured(tmp_path, picture, 40).rhythm.cut_frames == (20,)


def test_fast_motion_a_dissolve_and_a_flash_are_no_cuts(tmp_path: Path) -> None:
    assert measured(tmp_path, moving(1.5, 0.3)).rhythm.cuts == 0
    one, other = ramp(clouds(1)[:HEIGHT, :WIDTH]), ramp(clouds(2)[:HEIGHT, :WIDTH])

    def dissolve(n: int) -> np.ndarray:
        share = min(1.0, max(0.0, (n - 12) / 12))
        return np.rint(one * (1 - share) + other * share).astype(np.uint8)

    assert measured(tmp_path, dissolve, 36).rhythm.cuts == 0

    def flash(n: int) -> np.ndarray:
        return np.minimum(one.astype(int) + (90 if n == 12 else 0), 255).astype(np.uint8)

    found = measured(tmp_path, flash, 36).rhythm
    assert (found.cuts, found.flashes) == (0, 1)


@pytest.mark.parametrize("bpm", [60, 120])
def test_light_that_pulses_has_its_beat(tmp_path: Path, bpm: int) -> None:
    def picture(n: int) -> np.ndarray:
        beat = math.sin(2 * math.pi * n / FPS * bpm / 60)
        return ramp(np.full((HEIGHT, WIDTH), 0.5 + 0.2 * beat))

    found = measured(tmp_path, picture, 120).rhythm
    assert found.bpm == pytest.approx(bpm, rel=0.06)
    assert found.pulse > 0.5
    assert measured(tmp_path, lambda n: flat("#406080"), 48).rhythm.bpm == 0


# --- sound ----------------------------------------------------------------------------------------


def test_loudness_is_that_of_the_standards_reference_tones() -> None:
    # BS.1770: a stereo sine of 997 Hz at -20 dBFS peak has -20.0 LUFS (two channels, -3.01 + 3.01).
    t = np.arange(5 * 48_000) / 48_000
    tone = (0.1 * np.sin(2 * np.pi * 997 * t)).astype(np.float32)
    meter = Hearing()
    meter.hear(np.stack([tone, tone]))
    found = meter.audio(48_000, 2)
    assert found.loudness_lufs == pytest.approx(-20.0, abs=0.1)
    assert found.peak_dbfs == pytest.approx(-20.0, abs=0.1)
    # Silence between the tones is gated away.
    meter.hear(np.zeros((2, 10 * 48_000), np.float32))
    assert meter.audio(48_000, 2).loudness_lufs == pytest.approx(-20.0, abs=0.3)
    assert meter.audio(48_000, 2).silent > 0.6


def test_the_sound_of_a_film_is_heard_and_a_silent_film_has_none(tmp_path: Path) -> None:
    t = np.arange(2 * 48_000) / 48_000
    tone = np.stack([0.25 * np.sin(2 * np.pi * 440 * t)] * 2)
    found = measured(tmp_path, lambda n: flat("#406080"), 48, tone=tone)
    assert found.audio is not None
    assert found.audio.loudness_lufs == pytest.approx(-12.7, abs=0.7)
    assert found.audio.duration_s == pytest.approx(2.0, abs=0.1)
    assert found.media.audio_codec == "aac"
    assert measured(tmp_path, lambda n: flat("#406080"), 4).audio is None


# --- the contract ---------------------------------------------------------------------------------


def test_every_form_of_video_gives_the_same_numbers(tmp_path: Path) -> None:
    picture = moving(0.3, 0.1)
    usual = analyse(film(tmp_path / "a.mp4", picture, 12, crf=4))
    for name, codec, pixels in (("b.mkv", "ffv1", "yuv444p10le"), ("c.mkv", "ffv1", "bgr0"),
                                ("d.mkv", "ffv1", "yuv420p")):  # fmt: skip
        other = analyse(film(tmp_path / name, picture, 12, codec=codec, pixels=pixels))
        assert other.brightness.mean == pytest.approx(usual.brightness.mean, abs=0.01), name
        assert abs((other.colour.hue - usual.colour.hue + 180) % 360 - 180) < 4, name
        assert other.motion.speed == pytest.approx(usual.motion.speed, rel=0.1), name


@pytest.mark.parametrize("size", [(16, 16), (64, 36), (90, 160), (642, 360), (1280, 720)])
def test_any_size_is_measured_with_the_same_outcome(tmp_path: Path, size: tuple[int, int]) -> None:
    width, height = size
    _, y = positions(width, height)
    found = measured(tmp_path, lambda n: ramp(0.5 + y), 4)
    assert (found.media.width, found.media.height) == size
    assert found.gradient.kind == "vertical"
    assert found.brightness.mean == pytest.approx(0.5, abs=0.06)


def test_the_numbers_do_not_depend_on_threads_and_go_to_json_and_back(tmp_path: Path) -> None:
    path = film(tmp_path / "film.mp4", moving(0.3, 0.1), 20)
    one, two = analyse(path, threads=1), analyse(path, threads=3)
    assert one == two
    again = Analysis.from_record(json.loads(json.dumps(one.record())))
    assert again == one
    brief = json.dumps(one.brief())
    assert len(brief) < 6000
    assert Analysis.from_record(json.loads(brief)).motion.level == one.motion.level


def test_planes_measured_while_rendering_give_what_the_file_gives(tmp_path: Path) -> None:
    meter = Meter(WIDTH, HEIGHT, FPS)
    path = film(tmp_path / "film.mkv", moving(0.3, 0.0), 16, codec="ffv1")
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            planes = [
                np.frombuffer(p, np.uint8).reshape(-1, p.line_size)[:, : p.width]
                for p in frame.planes
            ]
            meter.add(*planes)
    direct, read = meter.analysis(), analyse(path)
    assert direct.motion == read.motion
    assert direct.colour == read.colour


def test_the_stage_writes_the_schema_and_stops_when_it_is_asked(tmp_path: Path) -> None:
    path = film(tmp_path / "film.mp4", moving(0.2, 0.0), 30)
    made = run_stage(ANALYSE, tmp_path / "out", {"video": path})
    record = json.loads(made["analysis"].read_text())
    assert record["schema"] == SCHEMA
    assert record["media"]["frames"] == 30
    assert len(record["motion"]["series"]) == 30
    inputs = {"video": [input_file(path, MediaKind.VIDEO)]}
    task = DirectTask(tmp_path / "stop", ANALYSE.params(), inputs, cancel_after=1)
    with pytest.raises(TaskCancelled):
        run(task)


def test_a_film_of_1080p_is_measured_twelve_times_faster_than_it_plays_on_two_cores(
    tmp_path: Path,
) -> None:
    large = ramp(np.kron(clouds(size=720), np.ones((3, 3))))

    def picture(n: int) -> np.ndarray:
        return large[4 * n : 4 * n + 1080, 5 * n : 5 * n + 1920]

    path = film(tmp_path / "film.mp4", picture, 48, crf=20)
    analyse(path)
    # Time of the processor, so that whatever else the machine does is not counted.
    spent_s = []
    for _ in range(3):
        begun_s = time.process_time()
        analyse(path, threads=2)
        spent_s.append(time.process_time() - begun_s)
    assert 2.0 / (min(spent_s) / 2) > 12


def test_what_is_no_film_is_refused_with_the_mend(tmp_path: Path) -> None:
    text = tmp_path / "notes.mp4"
    text.write_text("this is no film")
    with pytest.raises(InputError, match="cannot be read as media"):
        analyse(text)
    sound = tmp_path / "sound.wav"
    with av.open(str(sound), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), "s16", "mono")
        frame.sample_rate, frame.pts = 8000, 0
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
    with pytest.raises(InputError, match="has no pictures"):
        analyse(sound)


def test_the_document_of_the_schema_is_the_one_that_is_published() -> None:
    page = Path(farm_procedural.__file__).with_name("ANALYSIS.md")
    assert page.read_text(encoding="utf-8") == document()


def test_every_field_of_an_analysis_is_documented(tmp_path: Path) -> None:
    record = measured(tmp_path, lambda n: flat("#406080"), 2).record()
    said = document()
    for section, values in record.items():
        if isinstance(values, dict):
            for name in values:
                assert f"| `{name}` |" in said.split(f"## `{section}`")[1].split("\n## ")[0]
